import { userInfo } from 'node:os';

/** Who this process is, for messages about permissions: the user's name, or its number where it has none, as in many containers. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
