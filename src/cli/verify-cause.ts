/** What usually goes wrong when no secret matches a signature: found by trying what would have matched. */
import { SYMMETRIC_PREFIX, secretFault } from '../signing/keys.ts';
import { judge, type SignedRequest } from '../signing/verify.ts';

/** A request whose body is at hand as bytes, and the time that it is judged at. */
export type ReadRequest = SignedRequest & { readonly body: Buffer; readonly nowMs: number };

/** Why no secret matches the signature of a request, in one line; null when none of the usual causes explains it. */
export function causeOfMismatch(request: ReadRequest): string | null {
  const matchesWith = (change: Partial<SignedRequest>) => {
    const verdict = judge({ ...request, ...change });
    return verdict.kind === 'valid' || verdict.reason === 'outside-tolerance';
  };
  for (const [body, cause] of bodiesMeant(request.body)) if (matchesWith({ body })) return cause;
  const secret = SECRETS_MEANT.find(([meant]) => {
    const secrets = request.secrets.map(meant).filter((each) => secretFault(each, 'verify') === null);
    return secrets.length > 0 && matchesWith({ secrets });
  });
  return secret?.[1] ?? null;
}

/** Bodies that may have been sent in place of this one, and what happened to them since. */
function* bodiesMeant(body: Buffer): Generator<[body: Buffer, cause: string]> {
  const lineEnd = /\r?\n$/.exec(body.toString('latin1', body.length - 2))?.[0];
  if (lineEnd !== undefined)
    yield [
      body.subarray(0, -lineEnd.length),
      'the signature matches the body without the line end at its end: something added that, as echo and editors do',
    ];
  yield [
    Buffer.concat([body, Buffer.from('\n')]),
    'the signature matches the body with a newline at its end: something took that away, as $(…) in a shell does',
  ];
  const compact = compactJson(body);
  if (compact !== null)
    yield [
      compact,
      'the signature matches the same JSON written compactly: the body was parsed and formatted again; verify the bytes as they came',
    ];
}

function compactJson(body: Buffer): Buffer | null {
  try {
    return Buffer.from(JSON.stringify(JSON.parse(body.toString())));
  } catch {
    return null;
  }
}

const isPrefixed = (secret: string) => secret.startsWith(SYMMETRIC_PREFIX);

/** Secrets that the sender may have meant, and how they differ from the one given. Each maps what it is not about to nothing. */
const SECRETS_MEANT: readonly [meant: (secret: string) => string, cause: string][] = [
  [
    (secret) => secret.trim(),
    'the signature matches the secret without the white space around it: take that away',
  ],
  [
    (secret) => (isPrefixed(secret) ? '' : `${SYMMETRIC_PREFIX}${secret}`),
    `the signature matches the secret taken as base64: write ${SYMMETRIC_PREFIX} before it`,
  ],
  [
    (secret) => (isPrefixed(secret) ? secret.slice(SYMMETRIC_PREFIX.length) : ''),
    `the signature matches the secret without ${SYMMETRIC_PREFIX}, taken literally: the sender does not decode it; leave the prefix out`,
  ],
  [
    (secret) => (isPrefixed(secret) ? `${SYMMETRIC_PREFIX}${Buffer.from(secret).toString('base64')}` : ''),
    `the signature matches the secret taken literally, ${SYMMETRIC_PREFIX} included: the sender does not decode it, as Standard Webhooks has it`,
  ],
];
