#!/usr/bin/env node
// Plain JavaScript that imports nothing at first, so that an older Node can read it and say what is wrong.
const OLDEST_NODE = 24;

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  process.stderr.write(
    `volley: this is Node ${process.versions.node} (${process.execPath}), Volley needs ${OLDEST_NODE} or newer: install it from https://nodejs.org, or put it first on PATH\n`,
  );
  process.exitCode = 78;
} else {
  // A service manager may ask for a reload before the worker is there to hear it; that must not end it.
  if (process.argv[2] === 'worker') process.on('SIGHUP', () => {});
  start();
}

/** Runs what was built, or in a checkout the sources. */
async function start() {
  const { existsSync } = await import('node:fs');
  const source = new URL('../src/cli/main.ts', import.meta.url);
  const built = new URL('../dist/cli/main.js', import.meta.url);
  const { main } = await import((existsSync(source) ? source : built).href);
  await main(process.argv.slice(2));
}
