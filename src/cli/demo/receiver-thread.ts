/** The thread of the mock receivers: an http server for each role of the cast, on a free port of loopback. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type ArrivalReport, Arrivals } from './arrivals.ts';
import { ABSENT, CAST, type Conduct } from './cast.ts';
import { type SignatureCheck, signatureCheck } from './signature-check.ts';

/** Given to the thread when it starts. */
export interface ReceiverSettings {
  /** What the requests must be signed with. */
  readonly secret: string;
}

/** What the thread is asked: to report, to have the absent receiver come up, or to close. */
export type ToReceivers = 'report' | 'come-up' | 'close';

export type FromReceivers =
  /** Once, when all listen; URLs in the order of the cast. */
  | { readonly kind: 'listening'; readonly urls: readonly string[] }
  /** The absent receiver listens. */
  | { readonly kind: 'up' }
  | { readonly kind: 'report'; readonly receivers: readonly ArrivalReport[]; readonly total: ArrivalReport };

/** Longer than the demo, so that no receiver closes a connection that a request is already on. */
const KEEP_ALIVE_MS = 600_000;
/**
 * The absent receiver's port is one of these, from the first up to but not including the last. Systems hand out higher ones for
 * connections (Linux from 32768, RFC 6335 §6 from 49152): on such a port a connection from it to itself could succeed
 * (TCP's simultaneous open, RFC 9293 §3.5), or somebody else's be found there when the receiver comes up.
 */
const QUIET_PORTS = [20_000, 32_768] as const;

/** What a receiver answers to a signed request. */
interface Answer {
  readonly status: number;
  readonly afterMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

const OK: Answer = { status: 200, afterMs: 0, headers: {} };
const UNAVAILABLE: Answer = { status: 503, afterMs: 0, headers: {} };
const FORGED: Answer = { status: 401, afterMs: 0, headers: {} };

/** Decides an answer. `isFirst`: whether this attempt is the first of its event. */
type Answering = (destination: string, isFirst: boolean) => Answer;

/** How one receiver answers. */
function answering(conduct: Conduct): Answering {
  switch (conduct.kind) {
    case 'answers':
      return () => ({ ...OK, afterMs: conduct.afterMs });
    case 'stumbles':
      return oneIn(conduct.everyNth, UNAVAILABLE);
    case 'throttles':
      return oneIn(conduct.everyNth, {
        status: 429,
        afterMs: 0,
        headers: { 'retry-after': String(conduct.retryAfterSeconds) },
      });
    case 'absent':
      return () => OK;
    default:
      return conduct satisfies never;
  }
}

/** `bad` to the first attempt of a destination's first event, and of every n-th after that. */
function oneIn(everyNth: number, bad: Answer): Answering {
  const events = new Map<string, number>();
  return (destination, isFirst) => {
    if (!isFirst) return OK;
    const before = events.get(destination) ?? 0;
    events.set(destination, before + 1);
    return before % everyNth === 0 ? bad : OK;
  };
}

function receiver(conduct: Conduct, arrivals: Arrivals, isSigned: SignatureCheck): Server {
  const answerTo = answering(conduct);

  function take(request: IncomingMessage, body: Buffer): Answer {
    const nowMs = Date.now();
    if (!isSigned(request.headers, body, nowMs)) {
      arrivals.badSignatures++;
      return FORGED;
    }
    arrivals.verified++;
    const id = String(request.headers['x-webhook-id']);
    const order = JSON.parse(body.toString()) as { customer: string; placed_at_ms: number };
    const answer = answerTo(order.customer, arrivals.isFirst(id));
    // The header counts seconds; the payload repeats the event's timestamp in milliseconds.
    if (answer.status === 200) arrivals.accept(id, nowMs - order.placed_at_ms);
    return answer;
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answer = take(request, Buffer.concat(chunks));
      if (answer.afterMs === 0) send(response, answer);
      else setTimeout(send, answer.afterMs, response, answer);
    });
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return server;
}

function send(response: ServerResponse, { status, headers }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': 0 }).end();
}

/** Answers the port; `port`: 0 for any that is free. Rejects where it is taken. */
async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A port that refuses connections, and can be listened on later. */
async function quietPort(): Promise<number> {
  for (;;) {
    const trial = createServer();
    const port = await listen(trial, randomInt(...QUIET_PORTS)).catch(() => null);
    if (port === null) continue;
    trial.close();
    await once(trial, 'close');
    return port;
  }
}

async function serve(port: MessagePort, { secret }: ReceiverSettings): Promise<void> {
  const isSigned = signatureCheck(secret);
  const servers: Server[] = [];
  const everyone: Arrivals[] = [];
  const urls: string[] = [];
  const absentPort = await quietPort();
  for (const { name, conduct } of CAST) {
    const arrivals = new Arrivals();
    everyone.push(arrivals);
    const server = receiver(conduct, arrivals, isSigned);
    servers.push(server);
    const port = conduct.kind === 'absent' ? absentPort : await listen(server, 0);
    urls.push(`http://127.0.0.1:${port}/hooks/${name}`);
  }
  const say = (message: FromReceivers) => port.postMessage(message);
  port.on('message', (asked: ToReceivers) => {
    switch (asked) {
      case 'report':
        say({
          kind: 'report',
          receivers: everyone.map((arrivals) => Arrivals.report([arrivals])),
          total: Arrivals.report(everyone),
        });
        break;
      case 'come-up':
        void listen(servers[ABSENT]!, absentPort).then(() => say({ kind: 'up' }));
        break;
      case 'close':
        for (const server of servers) server.close().closeAllConnections();
        port.close();
        break;
      default:
        asked satisfies never;
    }
  });
  say({ kind: 'listening', urls });
}

await serve(parentPort!, workerData as ReceiverSettings);
