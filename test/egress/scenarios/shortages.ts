/** This machine runs out of what attempts need while it delivers. */
import { availableParallelism } from 'node:os';
import { narrowPorts, PUBLIC_V4, PUBLIC_V6 } from '../network.ts';
import type { Place } from '../place.ts';
import type { Site, SiteAnswer } from '../site.ts';
import { endings, type Worker } from '../worker.ts';

/** What runs out, and how much of it there is. */
export interface Shortage {
  readonly of: 'ports' | 'files';
  readonly left: number;
  readonly deliveries: number;
  /** Where to: an address, a name, or `*.SUFFIX` for another name each. */
  readonly host: string;
  /** Attempts at once, for each core. */
  readonly concurrency: number;
}

/** A receiver that answers nobody until the worker has met the shortage: what it holds open is what the others lack. */
export async function holdOut(place: Place, { of, left, deliveries, host, concurrency }: Shortage) {
  if (of === 'ports') narrowPorts(left);
  const dnsServer = await place.nameServer((_name, type) => ({
    addresses: type === 'NS' ? [] : [PUBLIC_V4],
  }));
  const { answer, release } = gate();
  const site = await place.site(host.includes(':') ? PUBLIC_V6 : PUBLIC_V4, [80], answer);
  const worker = await place.worker(
    [...flagsFor(concurrency), '--once', '--dns-server', dnsServer],
    of === 'files' ? { openFiles: left } : {},
  );
  await publishNumbered(place, deliveries, host);
  await worker.until(() => worker.lines.some(isFailure));
  const held = site.requests.length;
  release();
  const exitCode = await worker.exited;
  return { held, exitCode, ...outcomeOf(worker, site) };
}

/** How many deliveries are claimed by the time that this many attempts have met the shortage. */
export async function claimedWhileShort(
  place: Place,
  deliveries: number,
  concurrency: number,
  faults: number,
) {
  const widen = narrowPorts(10);
  const { answer, release } = gate();
  const site = await place.site(PUBLIC_V4, [80], answer);
  await publishNumbered(place, deliveries, PUBLIC_V4);
  const worker = await place.worker([...flagsFor(concurrency), '--once']);
  await worker.until(() => worker.lines.filter(isFailure).length >= faults);
  const queue = await place.queue();
  const claimed = deliveries - (await queue.stats()).ready;
  widen();
  release();
  await worker.exited;
  return { claimed, cores: availableParallelism(), ...outcomeOf(worker, site) };
}

/** The name servers say nothing, or nobody is there, until the worker has met that; then they answer. */
export async function nameServersDown(place: Place, how: 'silence' | 'nobody', deliveries: number) {
  let down = true;
  const server = (port?: number) =>
    place.nameServer(
      (_name, type) => (down ? 'silence' : { addresses: type === 'A' ? [PUBLIC_V4] : [] }),
      port,
    );
  const dnsServer = how === 'silence' ? await server() : `127.0.0.1:${NOBODY_PORT}`;
  const site = await place.site(PUBLIC_V4);
  await publishNumbered(place, deliveries, 'hooks.example.com');
  const worker = await place.worker([...flagsFor(10), '--once', '--dns-server', dnsServer]);
  await worker.until(() => worker.lines.some(isFailure));
  down = false;
  if (how === 'nobody') await server(NOBODY_PORT);
  const exitCode = await worker.exited;
  return { exitCode, ...outcomeOf(worker, site) };
}

const NOBODY_PORT = 5_353;

function flagsFor(concurrency: number): string[] {
  const charged = [
    '--connect-timeout',
    '20s',
    '--read-timeout',
    '60s',
    '--total-timeout',
    '60s',
    '--lease',
    '2m',
    // Not the window that it finds out by itself, which begins with four: what holds attempts back is what runs out.
    '--max-in-flight',
    '1000',
  ];
  // One thread, as connections kept by another one would hold the last ports for as long as they are kept.
  return ['--allow-http', '--threads', '1', '--concurrency', String(concurrency), ...charged];
}

async function publishNumbered(place: Place, count: number, host: string): Promise<void> {
  const url = (i: number) => `http://${host.includes(':') ? `[${host}]` : host.replace('*', `h${i}`)}/`;
  await place.publish(Array.from({ length: count }, (_, i) => ({ id: `d${i}`, url: url(i) })));
}

/** An answer that waits for its release. */
function gate(): { answer: SiteAnswer; release: () => void } {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  return { answer: (_request, response) => void released.then(() => response.end()), release };
}

function shortagesIn({ lines }: Worker): string[] {
  return lines.flatMap(({ lacking }) => lacking ?? []);
}

function isFailure({ msg }: { readonly msg: string }): boolean {
  return msg === 'attempt failed';
}

function outcomeOf(worker: Worker, { requests }: Site) {
  const ends = [...endings(worker.lines).values()];
  const { lines } = worker;
  return {
    delivered: ends.filter((end) => end === 'delivered').length,
    dead: ends.filter((end) => end !== 'delivered'),
    /** Requests that were received, and how many different deliveries they were of. */
    received: requests.length,
    distinct: new Set(requests.map(({ id }) => id)).size,
    /** Which attempts they said they were. */
    attempts: [...new Set(requests.map(({ attempt }) => attempt))],
    lacking: [...new Set(shortagesIn(worker))],
    advice: lines.find(({ lacking }) => lacking !== undefined)?.msg ?? '',
    /** What failed attempts met, in one word each. */
    faults: [...new Set(lines.filter(isFailure).map(({ error = '' }) => error.split(':')[0]!))],
  };
}
