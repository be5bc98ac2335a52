/**
 * Key pairs for tests alone: an authority, and what it vouches for. `receiver` is hooks.example.com, localhost and
 * 127.0.0.1; `expired` was too; `elsewhere` is elsewhere.example.com; `client` is for client authentication.
 */
import { readFileSync } from 'node:fs';

const read = (name: string) => readFileSync(new URL(`certificates/${name}.pem`, import.meta.url), 'utf8');

export const AUTHORITY = read('authority');

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export function keyPair(name: 'receiver' | 'expired' | 'elsewhere' | 'client'): KeyPair {
  return { cert: read(name), key: read(`${name}-key`) };
}
