/** A port where nobody listens. */
import { createServer } from 'node:net';

/**
 * Below the range that Linux takes the local ports of connections from (32 768 on, unless set otherwise): a port in that range
 * could be another connection's own by the time it is listened on again, and a connection to it could meet itself.
 */
const FROM = 10_000;
const TO = 32_000;
const TRIES = 100;

/** Throws when none of some was free. */
export async function closedPort(random: () => number): Promise<number> {
  for (let left = TRIES; left > 0; left -= 1) {
    const port = FROM + Math.floor(random() * (TO - FROM));
    if (await isFree(port)) return port;
  }
  throw new Error(`none of ${TRIES} ports from ${FROM} to ${TO} was free`);
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
