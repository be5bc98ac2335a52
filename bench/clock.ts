/** One clock for all processes of this machine, so that a time taken in one can be subtracted in another. */
import { performance } from 'node:perf_hooks';

/** Readings of both clocks, of which the closest together count. */
const READINGS = 32;

/**
 * Where `performance.now()` is zero on the kernel's monotonic clock, which begins with the machine and not with the process. Time
 * that passes between the two readings, and in a process that starts that may be milliseconds, makes it seem earlier: so the latest.
 */
const ORIGIN_MICROS = Math.max(
  ...Array.from({ length: READINGS }, () => kernelMicros() - performance.now() * 1e3),
);

function kernelMicros(): number {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1e6 + nanos / 1e3;
}

/** Whole microseconds; no step of the wall clock moves them. */
export function machineMicros(): number {
  return Math.floor(ORIGIN_MICROS + performance.now() * 1e3);
}
