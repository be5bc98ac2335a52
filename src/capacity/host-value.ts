/** A value that a host must have, as data. */

/** How an actual value is compared: numbers of a value with several are compared one by one. */
export type ValueRule =
  | 'at least'
  | 'at most'
  | 'exactly'
  /** A range of two numbers that holds this one. */
  | 'covers';

export interface HostValue {
  /** The sysctl, limit or directive. */
  readonly key: string;
  /** As it is written: one number, or several with a space between; with a unit only for systemd (`35s`, `6G`). */
  readonly value: string;
  readonly rule: ValueRule;
  /** What goes wrong otherwise. */
  readonly reason: string;
  /** How the value comes about, with this plan's numbers in it. */
  readonly formula: string;
}
