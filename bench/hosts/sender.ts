/** The process that delivers to very many hosts: an engine with its defaults on the embedded broker. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../src/engine.ts';
import { Publisher } from '../../src/publish/publisher.ts';
import { serve } from '../remote.ts';

export interface SenderJob {
  readonly dnsServer: string;
  /** Port of the receiver behind all the names. */
  readonly port: number;
  readonly maxSockets: number | null;
}

export interface Sample {
  readonly delivered: number;
  readonly seconds: number;
  readonly cpuMicrosPerDelivery: number;
  readonly rssBytes: number;
  readonly openFiles: number;
}

/** All names below this one are the receiver. */
export const DOMAIN = 'hosts.example';
/** Events published at a time. */
const BATCH = 500;

const directory = mkdtempSync(join(tmpdir(), 'volley-bench-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
const broker = `sqlite:${directory}/volley.db`;

let port = 0;
let engine: Engine | null = null;
let publisher: Publisher | null = null;
let failed = 0;

const api = {
  async start({ dnsServer, port: receiverPort, maxSockets }: SenderJob): Promise<void> {
    port = receiverPort;
    engine = new Engine({
      broker,
      signingSecrets: ['a secret of the benchmark'],
      allowHttp: true,
      allowHost: [`*.${DOMAIN}`],
      allowPort: [0],
      dnsServers: [dnsServer],
      maxSockets,
      onSettled: ({ kind }) => {
        if (kind !== 'delivered') failed++;
      },
    });
    publisher = new Publisher({ broker });
    await engine.start();
  },

  /** Delivers one event to each of the hosts numbered `from` to `to - 1`; answers how that went. */
  async deliver({ from, to }: { readonly from: number; readonly to: number }): Promise<Sample> {
    const startedMs = performance.now();
    const cpuBefore = process.cpuUsage();
    for (let at = from; at < to; at += BATCH)
      await publisher!.publish(
        Array.from({ length: Math.min(BATCH, to - at) }, (_, i) => ({
          url: `http://h${at + i}.${DOMAIN}:${port}/hooks`,
          type: 'bench',
          payload: { host: at + i },
        })),
      );
    await engine!.whenIdle();
    if (failed > 0) throw new Error(`${failed} deliveries failed`);
    const { user, system } = process.cpuUsage(cpuBefore);
    return {
      delivered: to - from,
      seconds: (performance.now() - startedMs) / 1_000,
      cpuMicrosPerDelivery: (user + system) / (to - from),
      rssBytes: process.memoryUsage.rss(),
      openFiles: readdirSync('/proc/self/fd').length,
    };
  },
};

export type SenderApi = typeof api;

serve(api, async () => {
  await publisher?.close();
  await engine?.stop();
});
