/** A receiver with two addresses: one that swallows packets, and one whose first packet is lost. */
import { addAddress, connectionsBegun, VANISHING_V4, VANISHING_V6 } from '../network.ts';
import type { Place } from '../place.ts';
import { endings } from '../worker.ts';

/** How often it is looked whether the second address has been tried, in milliseconds. */
const LOOK_MS = 10;

export async function lateAddress(place: Place) {
  const [late] = VANISHING_V4;
  const dnsServer = await place.nameServer(() => ({ addresses: [late, VANISHING_V6[0]] }));
  await place.publish([{ id: 'd', url: 'http://hooks.example.com/' }]);
  const flags = [
    '--allow-http',
    '--connect-timeout',
    '10s',
    '--total-timeout',
    '15s',
    '--retry-schedule',
    '10ms',
  ];
  const worker = await place.worker([...flags, '--once', '--dns-server', dnsServer]);
  while (connectionsBegun() < 2) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  // From now on it is there: the system sends again what was lost, a second after the first time (RFC 6298 §2.1).
  addAddress(late);
  const site = await place.site(late);
  await worker.exited;
  return {
    end: endings(worker.lines).get('d')!,
    attempts: site.requests.map(({ attempt }) => attempt),
    begun: connectionsBegun(),
  };
}
