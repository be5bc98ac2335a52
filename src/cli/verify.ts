/** `volley verify`: whether a request that came is signed with the secrets at hand, and if not, why. */
import { didYouMean } from '../config/nearest.ts';
import { EXIT, VolleyError } from '../errors.ts';
import { secretProvider } from '../secrets/provider.ts';
import { SIGNATURE_SCHEMES } from '../signing/schemes.ts';
import { type Invalid, type InvalidReason, judge, type Verified } from '../signing/verify.ts';
import { defineCommand, JSON_FLAG } from './command.ts';
import { headerOf } from './header-text.ts';
import { readBody, readHeaders } from './signed-files.ts';
import { note, print } from './terminal.ts';
import { causeOfMismatch, type ReadRequest } from './verify-cause.ts';

const DAY_MS = 86_400_000;

export const command = defineCommand({
  scope: 'verify',
  flags: {
    header: {
      kind: 'list',
      flag: 'header',
      value: "'NAME: VALUE'",
      default: [],
      scopes: [],
      doc: 'a header of the request, as it came',
    },
    headers: {
      kind: 'string',
      flag: 'headers',
      value: 'FILE',
      default: null,
      scopes: [],
      doc: "file with the request's headers, a line each, as curl -D, curl -v or a proxy's log writes them",
    },
    body: {
      kind: 'string',
      flag: 'body',
      value: 'FILE',
      default: '-',
      scopes: [],
      doc: 'file with the body, byte for byte as it came; - for standard input',
    },
    destination: {
      kind: 'string',
      flag: 'destination',
      value: 'NAME',
      default: null,
      scopes: [],
      doc: 'verify with the secrets of this name, instead of the default ones',
    },
    tolerance: {
      kind: 'duration',
      flag: 'tolerance',
      value: 'TIME',
      default: 300_000,
      min: 1_000,
      max: 3_650 * DAY_MS,
      scopes: [],
      doc: 'how far the signed time may be from now; more for a request kept from earlier',
    },
    scheme: {
      kind: 'list',
      flag: 'scheme',
      value: 'SCHEME',
      default: [],
      choices: SIGNATURE_SCHEMES,
      scopes: [],
      doc: 'a signature that must be there and match; by default any one that signs the time, so not hub or shopify',
    },
    json: JSON_FLAG,
  },
  operands: null,
  notes: [
    'Verifies with the secret in HMAC_SECRET, or else with any of those in the file of --secrets. Public keys (whpk_…) will do.',
    'Exit code 0: the request is signed. 1: it is not, and the line says why.',
  ],
  examples: [
    '# A request that a receiver kept',
    'HMAC_SECRET=s3cret volley verify --headers headers.txt --body body.bin --tolerance 30d',
    '',
    "curl -s https://example.com/last-body | volley verify --header 'webhook-id: evt_7' \\",
    "  --header 'webhook-timestamp: 1764000000' --header 'webhook-signature: v1,…'",
    '',
    '# The hub signature alone; openssl makes the same one',
    'signature=$(openssl dgst -sha256 -hmac s3cret -r body.bin | cut -d" " -f1)',
    'HMAC_SECRET=s3cret volley verify --scheme hub --body body.bin \\',
    '  --header "x-hub-signature-256: sha256=$signature"',
  ],
  async run({ options, flags }) {
    const headers = [
      ...flags.header.map(headerOf),
      ...(flags.headers === null ? [] : readHeaders(flags.headers)),
    ];
    if (headers.length === 0)
      throw new VolleyError(
        'VOLLEY_USAGE',
        "the request's headers are missing: give each with --header 'name: value', or a file with --headers",
      );
    const request: ReadRequest = {
      headers,
      secrets: await secretsOf(options.secretsFile, flags.destination),
      body: await readBody(flags.body),
      toleranceSeconds: flags.tolerance / 1000,
      nowMs: Date.now(),
      ...(flags.scheme.length > 0 && { schemes: flags.scheme }),
    };
    const verdict = judge(request);
    if (verdict.kind === 'valid') {
      await print(flags.json ? validJson(verdict, request) : validLine(verdict, flags.scheme, request));
      return EXIT.done;
    }
    const { reason, detail } = verdict;
    const hint = hintOn(reason, request);
    await print(
      flags.json ? JSON.stringify({ valid: false, reason, detail, hint }) : invalidLine(verdict, hint),
    );
    return EXIT.workFailed;
  },
});

async function secretsOf(secretsFile: string | null, destination: string | null): Promise<readonly string[]> {
  const provider = secretProvider(process.env, { secretsFile });
  const { secrets } = await provider.load();
  if (destination === null && secretsFile !== null && process.env['HMAC_SECRET'] !== undefined)
    note(
      `HMAC_SECRET is verified with, and not the default secrets in ${secretsFile}: unset it to use those`,
    );
  if (destination === null) return secrets.default;
  if (Object.hasOwn(secrets.byName, destination)) return secrets.byName[destination]!;
  const hint = didYouMean(destination, Object.keys(secrets.byName));
  throw new VolleyError(
    'VOLLEY_SECRET',
    `${provider.place} has no secrets of the name ${destination}${hint || ': add them there, or leave out --destination'}`,
  );
}

function validLine(
  { scheme, id, timestamp }: Verified,
  named: readonly string[],
  { nowMs }: ReadRequest,
): string {
  const schemes = named.length > 0 ? [...new Set(named)].join(' and ') : scheme;
  if (timestamp === null) return `valid: ${schemes}, which signs no time: a replay is as valid`;
  const ageSeconds = ageOf(timestamp, nowMs);
  const signed = ageSeconds >= 0 ? `signed ${ageSeconds} s ago` : `signed ${-ageSeconds} s in the future`;
  return `valid: ${schemes}, ${signed}${id === null ? '' : `, id ${id}`}`;
}

function validJson({ scheme, id, timestamp }: Verified, { nowMs }: ReadRequest): string {
  const ageSeconds = timestamp === null ? null : ageOf(timestamp, nowMs);
  return JSON.stringify({ valid: true, scheme, id, timestamp, ageSeconds });
}

/** What to try, beside what the detail itself says; null where nothing is known. */
function hintOn(reason: InvalidReason, request: ReadRequest): string | null {
  switch (reason) {
    case 'no-match':
      return causeOfMismatch(request);
    case 'outside-tolerance':
      return 'if it was kept, allow for that with --tolerance';
    case 'absent':
    case 'malformed':
      return null;
    default:
      return reason satisfies never;
  }
}

/** A cause that was found stands in place of the guess in the detail. */
function invalidLine({ reason, detail }: Invalid, hint: string | null): string {
  if (hint === null) return `invalid: ${detail}`;
  return reason === 'no-match' ? `invalid: ${hint}` : `invalid: ${detail}; ${hint}`;
}

function ageOf(timestamp: Date, nowMs: number): number {
  return Math.floor((nowMs - timestamp.getTime()) / 1000);
}
