/** The thread of the mock receivers: an http server for each role of the cast, on a free port of loopback. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type ArrivalReport, Arrivals } from './arrivals.ts';
import { ABSENT_URL, CAST, type Conduct } from './cast.ts';
import { type SignatureCheck, signatureCheck } from './signature-check.ts';

/** Given to the thread when it starts. */
export interface ReceiverSettings {
  /** What the requests must be signed with. */
  readonly secret: string;
}

/** What the thread is asked: to report, or to close. */
export type ToReceivers = 'report' | 'close';

export type FromReceivers =
  /** Once, when all listen; URLs in the order of the cast. */
  | { readonly kind: 'listening'; readonly urls: readonly string[] }
  | { readonly kind: 'report'; readonly receivers: readonly ArrivalReport[]; readonly total: ArrivalReport };

/** Longer than the demo, so that no receiver closes a connection that a request is already on. */
const KEEP_ALIVE_MS = 600_000;

/** What a receiver answers to a signed request. */
interface Answer {
  readonly status: number;
  readonly afterMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

const OK: Answer = { status: 200, afterMs: 0, headers: {} };
const UNAVAILABLE: Answer = { status: 503, afterMs: 0, headers: {} };
const FORGED: Answer = { status: 401, afterMs: 0, headers: {} };

/** Decides the answers of one receiver. `isFirst`: whether this attempt is the first of its event. */
function answers(conduct: Conduct): (isFirst: boolean) => Answer {
  let events = 0;
  switch (conduct.kind) {
    case 'answers':
      return () => ({ ...OK, afterMs: conduct.afterMs });
    case 'stumbles':
      return (isFirst) => (isFirst ? UNAVAILABLE : OK);
    case 'throttles': {
      const busy = { status: 429, afterMs: 0, headers: { 'retry-after': String(conduct.retryAfterSeconds) } };
      return (isFirst) => (isFirst && events++ % conduct.everyNth === 0 ? busy : OK);
    }
    case 'absent':
      return () => OK;
    default:
      return conduct satisfies never;
  }
}

function receiver(conduct: Conduct, arrivals: Arrivals, isSigned: SignatureCheck): Server {
  const answerTo = answers(conduct);

  function take(request: IncomingMessage, body: Buffer): Answer {
    const nowMs = Date.now();
    if (!isSigned(request.headers, body, nowMs)) {
      arrivals.badSignatures++;
      return FORGED;
    }
    arrivals.verified++;
    const id = String(request.headers['x-webhook-id']);
    const answer = answerTo(arrivals.isFirst(id));
    // The header counts seconds; the payload repeats the event's timestamp in milliseconds.
    if (answer.status === 200) {
      const { placed_at_ms: placedAtMs } = JSON.parse(body.toString()) as { placed_at_ms: number };
      arrivals.accept(id, nowMs - placedAtMs);
    }
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

async function serve(port: MessagePort, { secret }: ReceiverSettings): Promise<void> {
  const isSigned = signatureCheck(secret);
  const servers: Server[] = [];
  const everyone: Arrivals[] = [];
  const urls: string[] = [];
  for (const { name, conduct } of CAST) {
    const arrivals = new Arrivals();
    everyone.push(arrivals);
    if (conduct.kind === 'absent') {
      urls.push(ABSENT_URL);
      continue;
    }
    const server = receiver(conduct, arrivals, isSigned).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    urls.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/${name}`);
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
