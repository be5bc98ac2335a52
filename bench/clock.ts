/** One clock for all processes of this machine, so that a time taken in one can be subtracted in another. */
import { performance } from 'node:perf_hooks';

/** Where `performance.now()` is zero on the kernel's monotonic clock, which begins with the machine and not with the process. */
const ORIGIN_MICROS = kernelMicros() - performance.now() * 1e3;

function kernelMicros(): number {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1e6 + nanos / 1e3;
}

/** Whole microseconds; no step of the wall clock moves them. */
export function machineMicros(): number {
  return Math.floor(ORIGIN_MICROS + performance.now() * 1e3);
}
