/**
 * What is known of destinations in a SQLite file: which are disabled or blocked, how many are parked for each, and what
 * has changed. Writes run inside a transaction of the caller's, and reads that belong together too.
 */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import {
  type Block,
  type DisabledBy,
  PAUSE_KEPT_MS,
  type ProbeAnswer,
  type Standing,
  type Standings,
} from '../broker.ts';
import { blockOf, type Clocks, clocks, type KeptBlock, keptOf, merged } from './blocks.ts';
import { type Prepared, prepare } from './statements.ts';

/** Bounds how many changes back an incremental answer may reach, and so how many destinations are kept of which nothing is left to say. */
const CHANGES_KEPT = 10_000;

/** Pauses that are lifted in one transaction. */
const PAUSES_ENDED_AT_ONCE = 1_000;

/** A destination of which there is nothing to say. */
const IDLE = 'disabled_by IS NULL AND block IS NULL AND parked = 0';
const BLOCK =
  'block AS kind, block_ms AS lengthMs, until_ms AS untilMs, until_uptime_ms AS untilUptimeMs, opened';
const STANDING = `SELECT destination, disabled_by, disabled_ms, parked, ${BLOCK} FROM destinations`;

const SQL = {
  version: 'SELECT standings AS version FROM queue',
  step: 'UPDATE queue SET standings = standings + 1 RETURNING standings AS version',
  mark: 'UPDATE destinations SET changed = ? WHERE destination = ?',
  forget: `DELETE FROM destinations WHERE ${IDLE} AND changed <= ?`,
  all: `${STANDING} WHERE NOT (${IDLE}) ORDER BY destination`,
  changedSince: `${STANDING} INDEXED BY destinations_by_change WHERE changed > ? ORDER BY destination`,

  disable: `
    INSERT INTO destinations (destination, disabled_by, disabled_ms, parked) VALUES (?, ?, ?, 0)
    ON CONFLICT (destination) DO UPDATE SET disabled_by = excluded.disabled_by, disabled_ms = excluded.disabled_ms
    WHERE disabled_by IS NULL`,
  parkedOfDisabled: 'SELECT parked FROM destinations WHERE destination = ? AND disabled_by IS NOT NULL',
  enable: `
    UPDATE destinations SET disabled_by = NULL, disabled_ms = NULL WHERE destination = ? AND disabled_by IS NOT NULL`,

  block: `SELECT ${BLOCK} FROM destinations WHERE destination = ? AND block IS NOT NULL`,
  setBlock: `
    INSERT INTO destinations (destination, parked, block, block_ms, until_ms, until_uptime_ms, opened)
    VALUES (?, 0, ?, ?, ?, ?, ?)
    ON CONFLICT (destination) DO UPDATE SET block = excluded.block, block_ms = excluded.block_ms,
      until_ms = excluded.until_ms, until_uptime_ms = excluded.until_uptime_ms, opened = excluded.opened`,
  unblock: `
    UPDATE destinations SET block = NULL, block_ms = NULL, until_ms = NULL, until_uptime_ms = NULL, opened = 0
    WHERE destination = ? AND block IS NOT NULL`,

  overPauses: `
    SELECT destination FROM destinations WHERE block = 'paused' AND (until_ms <= ? OR until_uptime_ms <= ?)
    LIMIT ${PAUSES_ENDED_AT_ONCE}`,

  drainable: 'SELECT 1 FROM destinations WHERE destination = ? AND disabled_by IS NULL AND parked > 0',
  lastPlace: 'SELECT ifnull(max(place), 0) AS place FROM parked WHERE destination = ?',
  insertParked: 'INSERT INTO parked (destination, place, seq, attempts) VALUES (?, ?, ?, ?)',
  deleteParked: 'DELETE FROM parked WHERE destination = ? AND place <= ?',
  addParked: `
    INSERT INTO destinations (destination, parked) VALUES (?, ?)
    ON CONFLICT (destination) DO UPDATE SET parked = parked + excluded.parked RETURNING parked`,
  subtractParked: 'UPDATE destinations SET parked = parked - ? WHERE destination = ?',
} as const;

/** A delivery that leaves its claim. */
export interface Held {
  readonly seq: number;
  readonly attempts: number;
}

export class Destinations {
  readonly #sql: Prepared<typeof SQL>;

  constructor(db: DatabaseSync) {
    this.#sql = prepare(db, SQL);
  }

  /** False when it was disabled before. */
  disable(destination: string, by: DisabledBy, nowMs: number): boolean {
    const disabled = this.#sql.disable.run(destination, by, nowMs).changes !== 0;
    if (disabled) this.#changed(destination);
    return disabled;
  }

  /** Lifts the block too. Answers how many are parked for it; null when it was not disabled. */
  enable(destination: string): number | null {
    const row = this.#sql.parkedOfDisabled.get(destination) as { parked: number } | undefined;
    this.unblock(destination);
    if (row === undefined) return null;
    this.#sql.enable.run(destination);
    this.#changed(destination);
    return row.parked;
  }

  block(destination: string, block: Block): void {
    const kept = this.#keptBlock(destination);
    const held = kept && blockOf(kept, clocks());
    const next = merged(held, kept?.kind === 'probing', block);
    if (next === held) return;
    this.#keep(destination, keptOf(next, clocks()));
    this.#changed(destination);
  }

  unblock(destination: string): void {
    if (this.#sql.unblock.run(destination).changes !== 0) this.#changed(destination);
  }

  /** Some whose pause has been over for so long that nothing will lift it. */
  overPauses(): string[] {
    const { wallMs, uptimeMs } = clocks();
    const rows = this.#sql.overPauses.all(wallMs - PAUSE_KEPT_MS, uptimeMs - PAUSE_KEPT_MS);
    return rows.map(({ destination }) => destination as string);
  }

  askProbe(destination: string, forMs: number): ProbeAnswer {
    const kept = this.#keptBlock(destination);
    if (kept === null) return { kind: 'unblocked' };
    const { kind, forMs: leftMs, opened } = blockOf(kept, clocks());
    if (leftMs > 0) return { kind: 'refused', forMs: leftMs };
    if (kind === 'paused') return { kind: 'unblocked' };
    this.#keep(destination, keptOf({ kind: 'probing', forMs, opened }, clocks()));
    return { kind: 'granted' };
  }

  #keptBlock(destination: string): KeptBlock | null {
    return (this.#sql.block.get(destination) as KeptBlock | undefined) ?? null;
  }

  #keep(destination: string, { kind, lengthMs, untilMs, untilUptimeMs, opened }: KeptBlock): void {
    this.#sql.setBlock.run(destination, kind, lengthMs, untilMs, untilUptimeMs, opened);
  }

  /** Parks deliveries, behind what is parked for their destination. */
  park(destination: string, deliveries: readonly Held[]): void {
    let { place } = this.#sql.lastPlace.get(destination) as { place: number };
    for (const { seq, attempts } of deliveries)
      this.#sql.insertParked.run(destination, ++place, seq, attempts);
    const { parked } = this.#sql.addParked.get(destination, deliveries.length) as { parked: number };
    if (parked === deliveries.length) this.#changed(destination);
  }

  /** Whether something of it may be claimed. */
  isDrainable(destination: string): boolean {
    return this.#sql.drainable.get(destination) !== undefined;
  }

  /** What was parked for it up to this place, and including it, is parked no more. */
  unpark(destination: string, lastPlace: number): void {
    const { changes } = this.#sql.deleteParked.run(destination, lastPlace);
    this.#sql.subtractParked.run(changes, destination);
  }

  standings(since: number | null): Standings {
    const { version } = this.#sql.version.get() as { version: number };
    const isComplete = since === null || since > version || since < version - CHANGES_KEPT;
    const rows = isComplete ? this.#sql.all.all() : this.#sql.changedSince.all(since);
    const now = clocks();
    return { version, standings: rows.map((row) => standingOf(row, now)), isComplete };
  }

  /** Writes down that a destination has changed, and forgets those whose last change no answer needs. */
  #changed(destination: string): void {
    const { version } = this.#sql.step.get() as { version: number };
    this.#sql.mark.run(version, destination);
    this.#sql.forget.run(version - CHANGES_KEPT);
  }
}

function standingOf(row: Record<string, SQLOutputValue>, now: Clocks): Standing {
  const { destination, disabled_by: by, disabled_ms: sinceMs, parked } = row;
  return {
    destination: destination as string,
    disabled: by === null ? null : { by: by as DisabledBy, sinceMs: sinceMs as number },
    block: row['kind'] === null ? null : blockOf(row as unknown as KeptBlock, now),
    parked: parked as number,
  };
}
