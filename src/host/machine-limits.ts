/** What this machine has, and allows this process: it bounds how many attempts can be in flight. */
import { availableParallelism } from 'node:os';
import { openFilesLimit } from '../runtime/open-files.ts';
import { type SystemFiles, sysctlPath, systemFiles } from './system-files.ts';

/** Where the range cannot be read: what Linux has by default (ip-sysctl.rst). */
const USUAL_PORTS = 60_999 - 32_768 + 1;

export function machineLimits(files: SystemFiles = systemFiles()) {
  return {
    cores: availableParallelism(),
    openFiles: openFilesLimit(),
    localPorts: localPorts(files),
    memoryBytes: process.availableMemory(),
  };
}

/** Ports of the ephemeral range. */
function localPorts(files: SystemFiles): number {
  const range = files.read(sysctlPath('net.ipv4.ip_local_port_range'));
  if ('unread' in range) return USUAL_PORTS;
  const [first = 0, last = 0] = range.value.split(/\s+/).map(Number);
  return last - first + 1;
}
