/** Does to a socket what a request's fate says. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type Answer, answerBytes, delayMsOf, type Fate } from './behaviour.ts';

/** The bytes of each answer, made once. */
const answers = new WeakMap<Answer, Buffer>();

export function respond(fate: Fate, socket: Socket, random: () => number): void {
  switch (fate.kind) {
    case 'answer': {
      const bytes = bytesOf(fate);
      const delayMs = delayMsOf(fate, random);
      if (delayMs === 0) socket.write(bytes);
      else setTimeout(() => socket.write(bytes), delayMs);
      return;
    }
    case 'reset':
      if (socket instanceof TLSSocket) socket.destroy();
      else socket.resetAndDestroy();
      return;
    case 'hang':
      return;
    case 'drip':
      drip(socket, fate.everyMs, fate.bodyBytes);
      return;
    default:
      fate satisfies never;
  }
}

function bytesOf(answer: Answer): Buffer {
  let bytes = answers.get(answer);
  if (bytes === undefined) {
    bytes = answerBytes(answer);
    answers.set(answer, bytes);
  }
  return bytes;
}

function drip(socket: Socket, everyMs: number, bodyBytes: number): void {
  let bytesLeft = bodyBytes;
  socket.write(`HTTP/1.1 200 Mock\r\ncontent-length: ${bodyBytes}\r\n\r\n`);
  const timer = setInterval(() => {
    if (bytesLeft-- > 0 && !socket.destroyed) socket.write('.');
    else clearInterval(timer);
  }, everyMs);
}
