/** The secrets that requests are signed with. */

/** Plain values: they are sent to threads. Every list is newest first and has at least one. */
export interface SigningSecrets {
  /** For every destination that has none of its own. */
  readonly default: readonly string[];
  /** By destination id, or by a name that a destination's settings refer to. */
  readonly byName: Readonly<Record<string, readonly string[]>>;
}
