/**
 * `npm run test:package`: packs the package, installs it into an empty folder without development dependencies, and
 * has it deliver: `volley publish` queues NDJSON in SQLite, `volley worker --once` sends it to a receiver here.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';

const ROOT = resolve(import.meta.dirname, '../..');
const EVENTS = 1_000;
/** Ends a command that hangs; the slowest is npm, which fetches the dependencies. */
const COMMAND_TIMEOUT_MS = 120_000;
const SECRET = 'a secret of the packed package';

interface CommandOptions {
  readonly cwd: string;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a command to its end and answers what it printed; fails with everything it printed unless it exits with 0. */
async function command(program: string, args: readonly string[], options: CommandOptions): Promise<string> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    timeout: COMMAND_TIMEOUT_MS,
  });
  child.stdin.end(options.input ?? '');
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, string | null]>,
  ]);
  assert.equal(code, 0, `${program} ${args.join(' ')} ended with ${code ?? signal}:\n${stdout}${stderr}`);
  return stdout;
}

/** A receiver that counts the ids it gets and holds each request to its signature. */
async function startReceiver() {
  const received = new Map<string, number>();
  const badSignatures: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const id = String(request.headers['x-webhook-id']);
    received.set(id, (received.get(id) ?? 0) + 1);
    const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
    if (request.headers['x-hub-signature-256'] !== signature) badSignatures.push(id);
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, received, badSignatures, close: () => server.close() };
}

/** Installs the packed package as a user would. */
async function installPacked(folder: string): Promise<void> {
  await command('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT });
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  assert(archive !== undefined, 'npm pack wrote no .tgz');
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  await command('npm', ['install', '--silent', '--omit=dev', `./${archive}`], { cwd: folder });
}

/** The command delivers every event once, each with a right signature. */
async function checkCommands(folder: string): Promise<void> {
  const volley = (args: readonly string[], input?: string) =>
    command(process.execPath, ['node_modules/volley/bin/volley.js', ...args], {
      cwd: folder,
      env: { HMAC_SECRET: SECRET },
      ...(input !== undefined && { input }),
    });
  assert.match(await volley(['--help']), /worker/);
  // The report holds the charting library, which is found where the package was installed.
  await volley(['plan', '--rate', '10', '--html', 'plan.html']);
  assert.match(readFileSync(join(folder, 'plan.html'), 'utf8'), /uPlot/);

  const receiver = await startReceiver();
  try {
    const ids = Array.from({ length: EVENTS }, (_, index) => `evt_${index}`);
    const url = `http://127.0.0.1:${receiver.port}/hooks`;
    const lines = ids.map((id) => JSON.stringify({ id, url, type: 'package.tried', payload: { id } }));
    await volley(['publish', '--broker', 'sqlite:packed.db'], `${lines.join('\n')}\n`);
    const egress = ['--allow-http', '--allow-net', '127.0.0.0/8', '--allow-port', String(receiver.port)];
    await volley(['worker', '--broker', 'sqlite:packed.db', '--once', ...egress]);
    assert.deepEqual([...receiver.received.keys()].sort(), ids.toSorted());
    assert.deepEqual(
      [...receiver.received].filter(([, count]) => count !== 1),
      [],
      'delivered more than once',
    );
    assert.deepEqual(receiver.badSignatures, []);
    const stats: unknown = JSON.parse(
      await volley(['queue', 'stats', '--broker', 'sqlite:packed.db', '--json']),
    );
    assert.deepEqual(stats, { ready: 0, leased: 0, delayed: 0, parked: 0, dead: 0 });
  } finally {
    receiver.close();
  }
}

/** The library can be imported, and its types hold in a strict project. */
async function checkLibrary(folder: string): Promise<void> {
  const program = [
    "import { Engine, Publisher } from 'volley';",
    "const publisher: Publisher = new Publisher({ broker: 'sqlite:library.db' });",
    "await publisher.publish({ url: 'https://example.com/', type: 'package.tried', payload: {} });",
    'await publisher.close();',
    "const engine: Engine = new Engine({ broker: 'sqlite:library.db', signingSecrets: ['a secret'] });",
    'await engine.stop();',
  ].join('\n');
  writeFileSync(join(folder, 'library.ts'), program);
  await command(process.execPath, ['library.ts'], { cwd: folder });
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: 'nodenext',
    target: 'es2024',
    skipLibCheck: false,
    typeRoots: [join(ROOT, 'node_modules/@types')],
    types: ['node'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['library.ts'] }));
  await command(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.'], {
    cwd: folder,
  });
}

const folder = mkdtempSync(join(tmpdir(), 'volley-packed-'));
try {
  await installPacked(folder);
  await checkCommands(folder);
  await checkLibrary(folder);
  process.stdout.write(
    `The packed package delivers ${EVENTS} events once each, and its library and types can be used.\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
