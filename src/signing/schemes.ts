/**
 * The header conventions that requests are signed by, for the signer and the verifier alike. Each signs the exact bytes
 * of the body with HMAC-SHA256, most of them with the time in front:
 *
 * - hub: WebSub, as GitHub uses it (https://www.w3.org/TR/websub/#signing-content,
 *   https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries).
 * - standard: Standard Webhooks 1.0
 *   (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
 * - svix: the same under the names it had first (https://docs.svix.com/receiving/verifying-payloads/how-manual).
 * - stripe: https://docs.stripe.com/webhooks/signature. Its secrets begin with `whsec_` too, and are taken literally.
 * - slack: https://docs.slack.dev/authentication/verifying-requests-from-slack.
 * - shopify: https://shopify.dev/docs/apps/build/webhooks/verify-deliveries.
 */

/** In the order in which their headers are sent; those that sign the id before others that sign the time. */
export const SIGNATURE_SCHEMES = ['hub', 'standard', 'svix', 'stripe', 'slack', 'shopify'] as const;

export type SignatureScheme = (typeof SIGNATURE_SCHEMES)[number];

export interface SchemeForm {
  /** The header with the signatures, in lower case as all names here. */
  readonly signatureHeader: string;
  /** The header with the event's id; null where that is not signed. */
  readonly idHeader: string | null;
  /** The header with the time, in unix seconds; null where there is none. */
  readonly timestampHeader: string | null;
  /** What stands before the time where it is the first entry of the signature header. */
  readonly timestampLabel: string | null;
  /** What stands before an HMAC. */
  readonly label: string;
  /** What stands before an ed25519 signature; null where the scheme knows none. */
  readonly ed25519Label: string | null;
  /** What stands between signatures; null where there is room for one, by the newest secret. */
  readonly separator: string | null;
  readonly encoding: 'hex' | 'base64';
  /** Whether the key is the secret as it is written, or what follows `whsec_` decoded. */
  readonly keyForm: 'written' | 'decoded';
  /** What is signed before the body. */
  readonly prefix: (id: string, timestamp: string) => string;
}

const STANDARD: SchemeForm = {
  signatureHeader: 'webhook-signature',
  idHeader: 'webhook-id',
  timestampHeader: 'webhook-timestamp',
  timestampLabel: null,
  label: 'v1,',
  ed25519Label: 'v1a,',
  separator: ' ',
  encoding: 'base64',
  keyForm: 'decoded',
  prefix: (id, timestamp) => `${id}.${timestamp}.`,
};

const HUB: SchemeForm = {
  signatureHeader: 'x-hub-signature-256',
  idHeader: null,
  timestampHeader: null,
  timestampLabel: null,
  label: 'sha256=',
  ed25519Label: null,
  separator: null,
  encoding: 'hex',
  keyForm: 'written',
  prefix: () => '',
};

export const SCHEME_FORMS: Readonly<Record<SignatureScheme, SchemeForm>> = {
  hub: HUB,
  standard: STANDARD,
  svix: {
    ...STANDARD,
    signatureHeader: 'svix-signature',
    idHeader: 'svix-id',
    timestampHeader: 'svix-timestamp',
  },
  stripe: {
    ...HUB,
    signatureHeader: 'stripe-signature',
    timestampLabel: 't=',
    label: 'v1=',
    separator: ',',
    prefix: (_id, timestamp) => `${timestamp}.`,
  },
  slack: {
    ...HUB,
    signatureHeader: 'x-slack-signature',
    timestampHeader: 'x-slack-request-timestamp',
    label: 'v0=',
    prefix: (_id, timestamp) => `v0:${timestamp}:`,
  },
  shopify: { ...HUB, signatureHeader: 'x-shopify-hmac-sha256', label: '', encoding: 'base64' },
};

/** Whether a scheme signs the time. The signature of one that does not can be replayed for ever. */
export function signsTime({ timestampHeader, timestampLabel }: SchemeForm): boolean {
  return timestampHeader !== null || timestampLabel !== null;
}
