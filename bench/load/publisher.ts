/** The process that publishes: each event at the time it is due, regardless of how the others fare (an open loop). */
import { Redis } from 'ioredis';
import { machineMicros } from '../clock.ts';
import { VOLLEY_QUEUE } from '../contenders/volley-loader.ts';
import { encodeHistogram, newHistogram, record } from '../histogram.ts';
import { serve } from '../remote.ts';
import { type EnvelopeSpec, Envelopes } from './envelopes.ts';
import { Schedule } from './schedule.ts';

export interface StreamSpec extends EnvelopeSpec {
  readonly ratePerSecond: number;
  /** When the first event is due, on the machine's clock. */
  readonly fromMicros: number;
  /** Events in all; null for as many as are due until `end`. */
  readonly most: number | null;
}

export interface Published {
  /** Events that Redis has, by stream. */
  readonly published: Readonly<Record<string, number>>;
  /** Events of all streams that are due and that Redis does not have yet. */
  readonly behind: number;
}

/** How often it is looked what is due, in milliseconds: the part of the latency that is the publisher's own. */
const TICK_MS = 1;
/** Most events, and about most bytes, in a command: a longer one would keep Redis from the worker. */
const COMMAND_EVENTS = 256;
const COMMAND_BYTES = 262_144;

class Stream {
  readonly bodyBytes: number;
  readonly schedule: Schedule;
  readonly #envelopes: Envelopes;
  /** Handed over; the number of the next event. */
  sent = 0;
  published = 0;

  constructor(spec: StreamSpec) {
    this.bodyBytes = spec.bodyBytes;
    this.schedule = new Schedule(spec.fromMicros, spec.ratePerSecond, spec.most ?? undefined);
    this.#envelopes = new Envelopes(spec);
  }

  /** The next events of those that are due now, as many as go into a command. */
  takeDue(nowMicros: number, nowMs: number): string[] {
    const most = Math.min(COMMAND_EVENTS, Math.ceil(COMMAND_BYTES / this.bodyBytes));
    const count = Math.min(most, this.schedule.countBefore(nowMicros) - this.sent);
    const texts: string[] = [];
    for (let i = 0; i < count; i += 1) {
      const dueMicros = this.schedule.dueMicros(this.sent);
      record(lag, nowMicros - dueMicros);
      texts.push(this.#envelopes.text(this.sent, dueMicros, nowMs));
      this.sent += 1;
    }
    return texts;
  }
}

const streams = new Map<string, Stream>();
let lag = newHistogram();
let redis: Redis | null = null;
let fault: Error | null = null;

/** Hands over everything that is due, in turns of one command for each stream. */
function tick(): void {
  let more = true;
  while (more && fault === null) {
    more = false;
    for (const stream of streams.values()) {
      const texts = stream.takeDue(machineMicros(), Date.now());
      if (texts.length === 0) continue;
      more = true;
      redis!.lpush(VOLLEY_QUEUE, ...texts).then(
        () => {
          stream.published += texts.length;
        },
        (error: Error) => {
          fault ??= error;
        },
      );
    }
  }
}

const api = {
  async start({ redisPort }: { readonly redisPort: number }): Promise<void> {
    redis = new Redis(redisPort, '127.0.0.1');
    await redis.ping();
    setInterval(tick, TICK_MS);
  },

  /** Begins a stream; its numbers are from 0 on. */
  async publish(spec: StreamSpec): Promise<void> {
    streams.set(spec.stream, new Stream(spec));
  },

  /** Lets a stream publish nothing that is due at this time, which is not over yet, or later; answers how many events it will have had. */
  async end({ stream, atMicros }: { readonly stream: string; readonly atMicros: number }): Promise<number> {
    const { schedule } = streams.get(stream)!;
    schedule.end(atMicros);
    return schedule.countBefore(atMicros);
  },

  /** How far the streams are. Rejects when Redis refused events. */
  async published(): Promise<Published> {
    if (fault !== null) throw fault;
    const now = machineMicros();
    const behind = [...streams.values()].map(
      ({ schedule, published }) => schedule.countBefore(now) - published,
    );
    return {
      published: Object.fromEntries([...streams].map(([name, stream]) => [name, stream.published])),
      behind: behind.reduce((sum, count) => sum + count, 0),
    };
  },

  /** Histogram of how long after its time each event since `resetLag` was handed to Redis's client. */
  async lag(): Promise<string> {
    return encodeHistogram(lag);
  },

  /** Forgets the lag so far. */
  async resetLag(): Promise<void> {
    lag = newHistogram();
  },
};

export type PublisherApi = typeof api;

serve(api, async () => redis?.disconnect());
