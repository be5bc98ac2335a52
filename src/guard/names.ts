/** Names, resolved to addresses by DNS. */
import { Resolver } from 'node:dns/promises';
import { errorCode } from '../errors.ts';

export interface NamesOptions {
  /** DNS servers as `ADDRESS` or `ADDRESS:PORT`; the system's by default. */
  readonly servers?: readonly string[];
}

/** How long one try of one server may take, in milliseconds, and how often each is tried. */
const TRY_MS = 2_000;
const TRIES = 2;
const LOCALHOST = /(?:^|\.)localhost$/;

export class Names {
  readonly #resolver = new Resolver({ timeout: TRY_MS, tries: TRIES });

  constructor({ servers }: NamesOptions = {}) {
    if (servers !== undefined) this.#resolver.setServers(servers);
  }

  /**
   * Every IPv4 and IPv6 address of a name; none where it has none. `localhost` and what is below it are the loopback
   * addresses, as RFC 6761 §6.3 has it. Rejects where no server answers.
   */
  async resolve(host: string): Promise<readonly string[]> {
    if (LOCALHOST.test(host)) return ['127.0.0.1', '::1'];
    const answers = await Promise.all([
      this.#resolver.resolve4(host).catch(noneOrThrow),
      this.#resolver.resolve6(host).catch(noneOrThrow),
    ]);
    return answers.flat();
  }

  /** Ends what is being asked. */
  close(): void {
    this.#resolver.cancel();
  }
}

/** A name that does not exist, or has no address of the kind that was asked for, is an answer too. */
function noneOrThrow(error: unknown): string[] {
  if (['ENOTFOUND', 'ENODATA'].includes(errorCode(error))) return [];
  throw error;
}
