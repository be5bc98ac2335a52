/** The broker as those see it who claim nothing: publishers, and commands that look at queues. */
import { randomBytes } from 'node:crypto';
import type { Broker } from '../broker/broker.ts';
import { brokerFor } from '../broker/open.ts';
import { idMint } from '../delivery/ids.ts';

/** Name of the queue when nobody says otherwise (public contract). */
export const DEFAULT_QUEUE = 'webhook_egress_queue';
/** A broker command that takes longer, in milliseconds, is given up and reported: a caller waits for the answer. */
const COMMAND_TIMEOUT_MS = 10_000;
/** The port asks for a lease; without claims it never begins. */
const LEASE_MS = 60_000;

/** The broker that `url` names, not yet open. Throws VOLLEY_CONFIG for a URL that names none. */
export function clientBroker(url: string, queue: string): Broker {
  return brokerFor(url, {
    queue,
    leaseMs: LEASE_MS,
    mintToken: idMint(Date.now, randomBytes),
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
  });
}
