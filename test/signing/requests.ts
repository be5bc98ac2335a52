/** Requests signed by Volley, and published ones, for the tests of signing and verifying. */
import type { SignatureScheme } from '../../src/signing/schemes.ts';
import { signer } from '../../src/signing/sign.ts';

/** The headers that a signer adds, by name. */
export function signedHeaders(
  secrets: readonly string[],
  schemes: readonly SignatureScheme[],
  { id = 'evt_1', seconds = 1_700_000_000, body }: { id?: string; seconds?: number; body: Buffer },
): Record<string, string> {
  const headers: string[] = [];
  signer(secrets, schemes)(headers, id, seconds, body);
  return Object.fromEntries(headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1]!]] : [])));
}

export interface PublishedRequest {
  /** Where it is published. */
  readonly source: string;
  readonly scheme: SignatureScheme;
  readonly secret: string;
  readonly id: string;
  readonly seconds: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const STANDARD_EXAMPLE = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  seconds: 1_614_265_330,
  body: '{"test": 2432232314}',
};

/** An ed25519 key pair that Svix publishes in the documentation of its server, with the private key in both its forms. */
export const KEY_PAIR = {
  private: 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==',
  seed: 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=',
  public: 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=',
};

/** Every signed request that a specification or a vendor publishes with its secret. */
export const PUBLISHED: readonly PublishedRequest[] = [
  {
    source: 'GitHub, Validating webhook deliveries',
    scheme: 'hub',
    secret: "It's a Secret to Everybody",
    id: '',
    seconds: 0,
    body: 'Hello, World!',
    headers: {
      'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    },
  },
  {
    source: 'Standard Webhooks, the example of its libraries',
    scheme: 'standard',
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    ...STANDARD_EXAMPLE,
    headers: {
      'webhook-id': STANDARD_EXAMPLE.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
  },
  {
    source: 'Svix, Verifying webhooks manually',
    scheme: 'svix',
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    ...STANDARD_EXAMPLE,
    headers: {
      'svix-id': STANDARD_EXAMPLE.id,
      'svix-timestamp': '1614265330',
      'svix-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
  },
  {
    source:
      'svix-server, test_asymmetric_key_signing; the Standard Webhooks specification shows the signature',
    scheme: 'standard',
    secret: KEY_PAIR.private,
    ...STANDARD_EXAMPLE,
    headers: {
      'webhook-id': STANDARD_EXAMPLE.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature':
        'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
    },
  },
  {
    source: 'Slack, Verifying requests from Slack',
    scheme: 'slack',
    secret: '8f742231b10e8888abcd99yyyzzz85a5',
    id: '',
    seconds: 1_531_420_618,
    body: 'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
    headers: {
      'x-slack-request-timestamp': '1531420618',
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    },
  },
];
