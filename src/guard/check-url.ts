/** Whether a URL would be delivered to, asked before anything is. */
import { errorCode } from '../errors.ts';
import { type Guard, guardOf, type Refusal } from './guard.ts';
import { NAME_UNRESOLVED, Names } from './names.ts';
import { CLOSED_POLICY, type GuardPolicy } from './policy.ts';

export interface UrlCheck {
  readonly allowed: boolean;
  /** `CODE: DETAIL`, for example `port: port 8443 is not delivered to: …`; null where the URL is allowed. */
  readonly reason: string | null;
}

/** Answers every address of a name, none where it has none; rejects where that cannot be found out. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/**
 * Whether an event may be published with this URL: what a worker with the same policy would say, at this moment.
 * A name is resolved, by DNS unless `resolve` says otherwise; that it was allowed here does not spare the worker's own
 * check, since a name may resolve differently later. Without a policy only https on port 443 to public addresses is
 * allowed. Throws a RangeError for a network or host of the policy that is none, and for what is no part of a policy.
 */
export async function checkUrl(
  url: string,
  policy: Partial<GuardPolicy> = {},
  resolve?: Resolve,
): Promise<UrlCheck> {
  for (const name of Object.keys(policy))
    if (!Object.hasOwn(CLOSED_POLICY, name))
      throw new RangeError(
        `${name} is not part of a policy: there are ${Object.keys(CLOSED_POLICY).join(', ')}`,
      );
  const guard = guardOf({ ...CLOSED_POLICY, ...policy });
  if (resolve !== undefined) return checkWith(guard, url, resolve);
  const names = new Names();
  try {
    return await checkWith(guard, url, (host) => names.resolve(host));
  } finally {
    names.close();
  }
}

/** The same with a guard at hand, for many URLs. */
export async function checkWith(guard: Guard, url: string, resolve: Resolve): Promise<UrlCheck> {
  const refusal = await refusalOf(guard, url, resolve);
  return {
    allowed: refusal === null,
    reason: refusal === null ? null : `${refusal.code}: ${refusal.detail}`,
  };
}

async function refusalOf(guard: Guard, url: string, resolve: Resolve): Promise<Refusal | null> {
  if (typeof url !== 'string')
    return { code: 'url-invalid', detail: `${url === null ? 'null' : typeof url} is no URL: give a string` };
  const judged = guard.judgeUrl(url);
  if (judged.kind === 'refused') return judged.refusal;
  if (judged.isAddress) return null;
  try {
    return guard.judgeAddresses(judged.host, await resolve(judged.host));
  } catch (error) {
    if (errorCode(error) === NAME_UNRESOLVED) return guard.judgeAddresses(judged.host, []);
    const why = error instanceof Error ? error.message : String(error);
    return { code: 'unresolved', detail: `${judged.host} cannot be resolved: ${why}` };
  }
}
