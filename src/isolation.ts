/**
 * What keeps destinations apart beyond this process: tells the broker, and so other workers, how destinations stand
 * here, tells the flow how they stand elsewhere, and runs the dispatcher's errands.
 */
import type { Block, Broker, Claim } from './broker/broker.ts';
import type { Exchange } from './dispatch/exchange.ts';
import type { Change } from './dispatch/standing.ts';
import { type Desk, Errands } from './errands.ts';
import { DestinationStandings } from './maintain/standings.ts';
import type { Logger } from './record/log.ts';
import type { Credit } from './reserve/credit.ts';
import { DrainPace } from './reserve/drain-pace.ts';

/** The part of the flow that is used here. */
export interface IsolatedFlow {
  add(claims: readonly Claim[], wereParked: boolean): void;
  send(): void;
  parkWaiting(destination: string): void;
  heardBlock(destination: string, block: Block | null): void;
}

export interface IsolationParts {
  readonly broker: Broker;
  readonly desk: Desk & Pick<Exchange, 'setParked' | 'toPass'>;
  readonly flow: () => IsolatedFlow;
  /** What may be claimed of what is parked. */
  readonly creditForParked: () => Credit;
  /** Destinations that have been sent anything of late, and have nothing parked. */
  readonly plainLanes: () => number;
  /** Longest that an attempt lasts, in milliseconds. */
  readonly attemptMs: number;
  readonly log: Logger;
  readonly onFault: (doing: string, error: unknown) => void;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Epoch milliseconds. */
  readonly wallMs: () => number;
  readonly random: () => number;
}

export class Isolation {
  readonly #standings: DestinationStandings;
  readonly #errands: Errands;
  readonly #pace: DrainPace;
  readonly #desk: IsolationParts['desk'];
  readonly #log: Logger;
  #sendsSoon = false;

  constructor(parts: IsolationParts) {
    const { broker, desk, flow, creditForParked, plainLanes, attemptMs, log, onFault } = parts;
    const { nowMs, wallMs, random } = parts;
    this.#log = log;
    this.#desk = desk;
    /** Answers and news come many in a turn, and are sent for once. */
    const sendSoon = () => {
      if (this.#sendsSoon) return;
      this.#sendsSoon = true;
      setImmediate(() => {
        this.#sendsSoon = false;
        flow().send();
      });
    };
    this.#standings = new DestinationStandings({
      broker,
      onDisabled: (destination) => flow().parkWaiting(destination),
      onBlock: (destination, block) => {
        flow().heardBlock(destination, block);
        sendSoon();
      },
      onParked: (destination) => {
        desk.setParked(destination, true);
        sendSoon();
      },
      onFault: (error) => onFault('say and hear how destinations stand', error),
      nowMs,
      wallMs,
    });
    this.#pace = new DrainPace(plainLanes, wallMs);
    this.#errands = new Errands({
      broker,
      desk,
      credit: creditForParked,
      pace: this.#pace,
      attemptMs,
      onClaimed: (claims) => flow().add(claims, true),
      onAnswered: sendSoon,
      onFault: (error) => onFault('ask for what destinations need', error),
      nowMs,
      random,
    });
  }

  isDisabled(destination: string): boolean {
    return this.#standings.isDisabled(destination);
  }

  /** Destinations whose deliveries may as well be parked before they come here. */
  toPass(): readonly string[] {
    return this.#desk.toPass((destination) => this.isDisabled(destination));
  }

  /** `disabled`: the destinations that the settings disable. Rejects where the broker cannot be asked. */
  start(disabled: ReadonlySet<string>): Promise<void> {
    return this.#standings.start(disabled);
  }

  /** What was disabled by the settings from before is sent as the broker tells of it; `disabled` as in `start`. */
  configure(disabled: ReadonlySet<string>): Promise<void> {
    return this.#standings.configure(disabled);
  }

  /** Fetches nothing more that is parked; resolves when nothing more will come. */
  stopErrands(): Promise<void> {
    return this.#errands.stop();
  }

  /** A claim of what is ready was answered after so long, in milliseconds, and brought so many. */
  took(count: number, ms: number): void {
    this.#pace.took(count, ms);
  }

  /** Resolves when nothing more will be asked of the broker. */
  stop(): Promise<void> {
    return this.#standings.stop();
  }

  /** What can be sent has been sent. */
  sent(): void {
    this.#errands.run();
  }

  /** The broker has answered a claim or a settlement: answers when news that came along has been taken in, null where there is none. */
  heard(): Promise<void> | null {
    return this.#standings.heard();
  }

  /** A destination has answered 410. */
  gone(destination: string): void {
    if (this.isDisabled(destination)) return;
    this.#log.warn(
      { destination },
      'the destination answered 410 Gone and is disabled: its deliveries are parked until "volley destinations enable"',
    );
    this.#standings.gone(destination);
  }

  /** Attempts here have changed how a destination stands. */
  changed(destination: string, change: Change): void {
    const log = this.#log;
    switch (change.kind) {
      case 'opened': {
        const { forMs, opened, failuresInARow } = change;
        log.warn(
          { destination, for_s: seconds(forMs), failures_in_a_row: failuresInARow, opened },
          'the breaker has opened: what is for the destination is parked until a probe succeeds',
        );
        this.#standings.block(destination, { kind: 'open', forMs, opened });
        return;
      }
      case 'paused': {
        const { forMs, opened } = change;
        log.warn({ destination, for_s: seconds(forMs) }, 'the destination asked for a pause');
        this.#standings.block(destination, { kind: 'paused', forMs, opened });
        return;
      }
      case 'resumed':
        log.info({ destination }, 'the destination takes deliveries again');
        this.#standings.unblock(destination);
        return;
      default:
        change satisfies never;
    }
  }
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
