/** The Retry-After header (RFC 9110 §10.2.3): seconds, or an HTTP date in one of its three forms (§5.6.7). */

const SECONDS = /^\d+$/;
const IMF_FIXDATE = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const RFC850 = /^[A-Z][a-z]+day, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Milliseconds from `nowMs` (epoch) that a receiver asks to wait, 0 for a date that has passed; null for anything else. */
export function parseRetryAfter(header: string, nowMs: number): number | null {
  const text = header.trim();
  if (SECONDS.test(text)) return Number(text) * 1000;
  const dateMs = parseHttpDate(text, nowMs);
  return dateMs === null ? null : Math.max(0, dateMs - nowMs);
}

function parseHttpDate(text: string, nowMs: number): number | null {
  const imf = IMF_FIXDATE.exec(text);
  if (imf !== null) return utc(imf[3], imf[2], imf[1], imf.slice(4));
  const asctime = ASCTIME.exec(text);
  if (asctime !== null) return utc(asctime[6], asctime[1], asctime[2], asctime.slice(3, 6));
  const rfc850 = RFC850.exec(text);
  if (rfc850 === null) return null;
  // Two digits mean the year nearest to now that is not more than 50 years ahead.
  const thisYear = new Date(nowMs).getUTCFullYear();
  let year = thisYear - (thisYear % 100) + Number(rfc850[3]);
  if (year > thisYear + 50) year -= 100;
  return utc(String(year), rfc850[2], rfc850[1], rfc850.slice(4));
}

function utc(year?: string, monthName?: string, day?: string, time?: string[]): number | null {
  const month = MONTHS.indexOf(monthName ?? '');
  const [hour, minute, second] = (time ?? []).map(Number);
  if (month < 0) return null;
  const ms = Date.UTC(Number(year), month, Number(day), hour, minute, second);
  return Number.isNaN(ms) ? null : ms;
}
