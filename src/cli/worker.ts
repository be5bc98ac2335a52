/** `volley worker`: the engine as a process. */
import { isDeepStrictEqual } from 'node:util';
import { OPTIONS, type OptionName, type OptionValues } from '../config/options.ts';
import type { Engine } from '../engine.ts';
import { EXIT } from '../errors.ts';
import { createLogger, type LogFormat, type Logger, logSink } from '../record/log.ts';
import { growFreely } from '../runtime/garbage.ts';
import { secretProvider } from '../secrets/provider.ts';
import { VERSION } from '../version.ts';
import { defineCommand } from './command.ts';
import { note } from './terminal.ts';

export const command = defineCommand({
  scope: 'worker',
  flags: {},
  operands: null,
  notes: [
    'Signs with the secret in HMAC_SECRET, or else with the default ones of --secrets, and for a destination that has secrets of its own there with those.',
    'SIGHUP: loads the secrets and the destinations of the config file again; what is wrong with them leaves those from before in force. Changed secrets are also noticed by themselves: in a file within seconds, in Vault within a minute or so.',
    'SIGTERM or SIGINT: claims no more, waits for what is in flight, hands the rest back and exits 0. A second signal does not wait.',
  ],
  examples: [
    '# The embedded broker, one file; stop when all is delivered',
    'HMAC_SECRET=s3cret volley worker --broker sqlite:volley.db --once',
    '',
    '# Redis, with the secret in /etc/webhook/secrets',
    'volley worker --broker redis://127.0.0.1:6379',
    '',
    '# Receivers in a private network, over plain http on port 8080',
    'volley worker --allow-http --allow-net 10.1.0.0/16 --allow-port 8080',
  ],
  async run({ options, readAgain }) {
    // How pgrep finds it. It also takes a password in --broker out of what ps shows.
    process.title = 'volley worker';
    growFreely();
    const secrets = secretProvider(process.env, options);
    const { stdout } = process;
    const format: LogFormat = options.logFormat ?? (stdout.isTTY ? 'pretty' : 'logfmt');
    const sink = logSink(stdout.fd, (code) =>
      note(`the log cannot be written (${code}): deliveries go on without it`),
    );
    const log = createLogger({ format, stream: sink, colour: stdout.isTTY && stdout.hasColors() });
    // Loaded late, so that help and complaints about flags do not wait for it.
    const { Engine } = await import('../engine.ts');
    const engine = new Engine({ ...options, secrets, log });
    const signalled = stopOnSignal(engine, (signal) => log.info({ signal }, 'stopping'));
    reloadOnHangUp(engine, log, () => changedOptions(options, readAgain()));
    for (const warning of await engine.start()) log.warn(warning);
    log.info({ version: VERSION, pid: process.pid, queue: options.queue }, 'worker started');
    await (options.once ? Promise.race([signalled, engine.whenIdle()]) : signalled);
    await engine.stop();
    const { delivered, retried, dead, parked, handedBack } = engine.snapshot();
    log.info({ delivered, retried, dead, parked, handed_back: handedBack }, 'worker stopped');
    // What a reader has not taken by now would keep the process waiting for as long as that does not read.
    if (!(await sink.close())) process.exit(EXIT.done);
    return EXIT.done;
  },
});

/** Resolves at the first signal to stop; the second one makes the stop immediate. */
function stopOnSignal(engine: Engine, onSignal: (signal: string) => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let signals = 0;
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      onSignal(signal);
      resolve();
      if (++signals === 2) void engine.stop({ immediately: true });
    });
  return promise;
}

/**
 * SIGHUP is how service managers ask for a reload. A terminal that closes sends it too, which must not end a worker halfway.
 * Signals that come while one is answered are answered together. `changed`: the options that take a restart.
 */
function reloadOnHangUp(engine: Engine, log: Logger, changed: () => string[]): void {
  let asked = 0;
  process.on('SIGHUP', async () => {
    if (++asked > 1) return;
    for (let answered = 0; answered < asked; ) {
      answered = asked;
      try {
        await engine.reload();
        const flags = changed();
        if (flags.length > 0)
          log.warn({ options: flags.join(',') }, 'changed options take a restart to apply');
      } catch (error) {
        // The engine has said what is wrong with secrets and destinations, and everything stays as it was.
        log.debug({ error: String(error) }, 'nothing reloaded');
      }
    }
    asked = 0;
  });
}

/** The flags of the options that are not what they were. */
function changedOptions(before: OptionValues, now: OptionValues): string[] {
  return Object.entries(OPTIONS)
    .filter(([name]) => !isDeepStrictEqual(before[name as OptionName], now[name as OptionName]))
    .map(([, { flag }]) => `--${flag}`);
}
