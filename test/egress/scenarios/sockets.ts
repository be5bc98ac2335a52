/** Very many hosts, and what a worker keeps open of them. */
import { PUBLIC_V4 } from '../network.ts';
import type { Place } from '../place.ts';
import type { WorkerLimits } from '../worker.ts';

/** How many requests there are between two looks at what is open. */
const LOOK_EVERY = 10;
const ROUNDS = 3;
/** Files that a worker may have open then beside those from the start: to ask the name server with, for each thread. */
const OTHER_FILES = 4;
/** How often it is looked whether what was open is closed, in milliseconds. */
const POLL_MS = 20;

/** Three deliveries to each of so many hosts, one round after another; afterwards the receiver closes what is still open. */
export async function manyHosts(place: Place, hosts: number, flags: readonly string[], limits: WorkerLimits) {
  const dnsServer = await place.nameServer((_name, type) => ({ addresses: type === 'A' ? [PUBLIC_V4] : [] }));
  const site = await place.site(PUBLIC_V4);
  const worker = await place.worker(['--allow-http', '--dns-server', dnsServer, ...flags], limits);
  const before = worker.openFiles();
  let most = 0;
  const look = () => {
    if (site.requests.length % LOOK_EVERY === 0) most = Math.max(most, worker.openFiles());
    return site.requests.length;
  };
  const memoryBytes: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const urls = Array.from({ length: hosts }, (_, i) => `http://h${i}.example.com/`);
    await place.publish(urls.map((url, i) => ({ id: `${round}-${i}`, url })));
    await site.until(() => look() >= round * hosts);
    memoryBytes.push(worker.memoryBytes());
  }
  site.hangUp();
  // The test's time-out ends this when it never comes to be.
  while (worker.openFiles() > before + OTHER_FILES)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  await worker.stop();
  return {
    /** Most files open at a time beside those that were from the start. */
    most: most - before,
    /** After each round. */
    memoryBytes,
    received: site.requests.length,
    failures: worker.lines.filter(({ msg }) => msg === 'attempt failed').length,
  };
}
