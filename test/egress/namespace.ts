/**
 * Runs scenarios in a network of their own: a fresh network namespace (network_namespaces(7)) in which any address can
 * be given to this machine, and nothing that is sent leaves it. What runs there says what happened; the test judges that.
 *
 * The namespace is one of processes too (pid_namespaces(7)): when the scenario ends, or this process dies, all that it
 * started dies with it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { provideCommand } from '../provide-command.ts';
import type { Place } from './place.ts';

/** What a file of scenarios exports: each is told where it runs and its input, and answers what survives JSON. */
type Scenarios<Name extends string> = Readonly<
  Record<Name, (place: Place, ...input: never[]) => Promise<unknown>>
>;
type InputOf<Scenario> = Scenario extends (place: Place, ...input: infer Input) => unknown ? Input : never;
type ReportOf<Scenario> = Scenario extends (...input: never[]) => Promise<infer Report> ? Report : never;

/** What the process inside is told, and what it answers. */
export interface Order {
  readonly folder: string;
  readonly input: readonly unknown[];
}
export type Reply = { readonly report: unknown } | { readonly error: string };

const INSIDE = fileURLToPath(new URL('inside.ts', import.meta.url));

/** Runs the scenario of that name in `scenarios/FILE.ts`; answers its report, or rejects with its error. */
export async function inNamespace<Module extends Scenarios<Name>, Name extends string & keyof Module>(
  t: TestContext,
  file: string,
  name: Name,
  ...input: InputOf<Module[Name]>
): Promise<ReportOf<Module[Name]>> {
  provideCommand('ip', '-Version', 'iproute2');
  const folder = mkdtempSync(join(tmpdir(), 'volley-egress-'));
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn('unshare', [...unshareFlags(), process.execPath, INSIDE, file, name], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let said = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (said += chunk));
  const exited = once(child, 'close').catch((error: Error) => {
    said += error.message;
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  });
  const replied = new Promise<Reply>((resolve) => child.once('message', resolve));
  child.send({ folder, input } satisfies Order, () => {});
  const reply = await Promise.race([
    replied,
    exited.then((): Reply => ({ error: `the namespace ended before its scenario did: ${FIX}` })),
  ]);
  await exited;
  if ('error' in reply) throw new Error(`${file} ${name}: ${reply.error}\n${said}`);
  return reply.report as ReportOf<Module[Name]>;
}

const FIX =
  'a network namespace needs Linux, unshare of util-linux, and root or unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0)';

/** What unshare starts is the first process of its namespace, and is killed when unshare is. */
function unshareFlags(): string[] {
  const flags = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  return process.getuid?.() === 0 ? flags : ['--map-root-user', ...flags];
}
