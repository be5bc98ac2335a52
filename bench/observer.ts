/** A second connection to Volley's broker: asking how much is left is then not in the worker's way. */
import { randomBytes } from 'node:crypto';
import type { Broker } from '../src/broker/broker.ts';
import { brokerFor } from '../src/broker/open.ts';
import { idMint } from '../src/delivery/ids.ts';
import { VOLLEY_QUEUE } from './contenders/volley-loader.ts';

/** A broker that never claims. */
export async function openObserver(url: string): Promise<Broker> {
  const broker = brokerFor(url, {
    queue: VOLLEY_QUEUE,
    leaseMs: 20_000,
    mintToken: idMint(Date.now, randomBytes),
    commandTimeoutMs: 5_000,
  });
  await broker.open();
  return broker;
}
