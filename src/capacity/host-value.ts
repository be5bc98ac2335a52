/** A value that a host must have, as data. */

/** What makes a value as good as the plan's, or better; numbers of a value with several are compared one by one. */
export type Sense =
  | 'at-least'
  | 'at-most'
  | 'exactly'
  /** A range of two numbers that holds this one. */
  | 'holds';

export interface HostValue {
  /** The sysctl, limit or directive. */
  readonly key: string;
  /** As it is written: one number, or several with a space between; with a unit only for systemd (`35s`, `6G`). */
  readonly value: string;
  readonly sense: Sense;
  /** What goes wrong otherwise. */
  readonly reason: string;
  /** How the value comes about, with this plan's numbers in it. */
  readonly formula: string;
}
