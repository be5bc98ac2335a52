/** How long Vault may take, and how often it is asked. */
export interface VaultPace {
  /** Longest wait for one answer, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Longest a load takes with all that is tried again, in milliseconds: a start fails after it. */
  readonly loadTimeoutMs: number;
  /** Most wait before the second try, in milliseconds; it doubles with each further one. */
  readonly retryMs: number;
  /** Requests per load, at most. */
  readonly tries: number;
  /** How often Vault is asked for a change, in milliseconds, give or take a tenth. */
  readonly pollMs: number;
  /** From 0 to 1: spreads the tries and polls of many workers. */
  readonly random: () => number;
}

export const VAULT_PACE: VaultPace = {
  requestTimeoutMs: 3_000,
  loadTimeoutMs: 8_000,
  retryMs: 250,
  tries: 4,
  pollMs: 60_000,
  random: Math.random,
};
