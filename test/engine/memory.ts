/** How much memory draining a long queue takes: queue first, then deliver, and look at the resident set all along. */
import type { Broker } from '../../src/broker/broker.ts';

export interface Sample {
  readonly delivered: number;
  readonly rssMb: number;
}

/** Queues numbered events with payloads of about `payloadBytes`, a chunk at a time. */
export async function queueEvents(
  broker: Broker,
  url: string,
  events: number,
  payloadBytes: number,
): Promise<void> {
  const filling = 'x'.repeat(payloadBytes);
  for (let from = 0; from < events; from += 1_000) {
    const chunk = Array.from({ length: Math.min(1_000, events - from) }, (_, n) =>
      Buffer.from(
        JSON.stringify({ url, type: 't', destination: `acct_${n % 100}`, payload: { n: from + n, filling } }),
      ),
    );
    await broker.publish(chunk);
  }
}

/** Counts deliveries, and takes a sample at each of `samples` equal parts. */
export class MemoryWatch {
  readonly samples: Sample[] = [];
  readonly #every: number;
  readonly #onSample: (sample: Sample) => void;
  #delivered = 0;

  constructor(events: number, samples: number, onSample: (sample: Sample) => void = () => {}) {
    this.#every = Math.floor(events / samples);
    this.#onSample = onSample;
  }

  delivered(): void {
    if (++this.#delivered % this.#every !== 0) return;
    const sample = { delivered: this.#delivered, rssMb: Math.round(process.memoryUsage.rss() / 1_048_576) };
    this.samples.push(sample);
    this.#onSample(sample);
  }
}
