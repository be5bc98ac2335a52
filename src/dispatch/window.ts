/** How much one destination may have out at once. */

/** The share of all slots that a destination keeps to while others wait, so that a hanging one leaves them the rest. */
const SHARE = 0.25;

/**
 * No limit for a destination that nobody waits behind; otherwise a quarter of the slots, or an equal part where that is
 * more, so that two or three destinations can still use every slot. At least one.
 */
export function windowOf(slots: number, othersWaiting: number): number {
  if (othersWaiting === 0) return Number.POSITIVE_INFINITY;
  return Math.max(1, Math.floor(slots * Math.max(SHARE, 1 / (othersWaiting + 1))));
}
