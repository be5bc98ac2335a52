/** For tests of destinations: config files with what they name, in a folder of their own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { type Destinations, readDestinations } from '../../src/config/destinations.ts';
import { defaultOptions, type OptionValues } from '../../src/config/options.ts';

export const folder = mkdtempSync(join(tmpdir(), 'volley-destinations-'));
after(() => rmSync(folder, { recursive: true }));
export const CONFIG = join(folder, 'volley.json');

/** Within the validity of the certificate of bench/receiver. */
export const NOW_MS = Date.parse('2027-01-01T00:00:00Z');

/** Writes a file beside the config file; answers its name. */
export function beside(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content);
  return name;
}

/** The destinations of a config file with this text. */
export function read(text: string, worker: Partial<OptionValues> = {}, nowMs = NOW_MS): Destinations {
  writeFileSync(CONFIG, text);
  return readDestinations(CONFIG, { ...defaultOptions(), ...worker }, nowMs);
}

/** A config with one destination, `acct_42`, whose settings begin in line 2, column 19. */
export function configOf(settings: string): string {
  return `{"destinations": {\n    "acct_42": { ${settings} }\n}}`;
}

/** What is read of these settings of a destination. */
export function settingsOf(settings: object, worker: Partial<OptionValues> = {}) {
  const { settings: byKey, warnings } = read(configOf(JSON.stringify(settings).slice(1, -1)), worker);
  return { ...byKey.get('acct_42')!, warnings };
}
