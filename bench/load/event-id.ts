/** Ids of the benchmark's events: they carry the event's number and when it was due, so that a receiver knows both. */

/** `stream`: of `a-z`. `dueMicros`: on the machine's clock. */
export function eventId(stream: string, number: number, dueMicros: number): string {
  return `evt_${stream}_${number}_${dueMicros}`;
}

export interface EventMark {
  readonly number: number;
  readonly dueMicros: number;
}

const ID_HEADER = /\r\nx-webhook-id: evt_[a-z]+_(\d+)_(\d+)(?:\r\n|$)/i;

/** What the id in a request's head says; null for an id of another kind. */
export function eventOf(head: string): EventMark | null {
  const match = ID_HEADER.exec(head);
  return match === null ? null : { number: Number(match[1]), dueMicros: Number(match[2]) };
}
