import type { Status } from '../../../src/doctor/check.ts';
import type { Facts } from '../../../src/doctor/facts.ts';

/** What a check says of some facts; that each is well on `WELL` is tried apart. */
export interface Case {
  readonly id: string;
  readonly status: Status;
  readonly facts: Facts;
  /** What stands in the evidence or the fix. */
  readonly says: RegExp;
}
