/** What a mock receiver does with a request. */
export type Behaviour =
  /** Answers 200 at once. */
  | { readonly kind: 'ok' }
  /** Answers this status at once. */
  | { readonly kind: 'status'; readonly status: number }
  /** Answers 200 after this many milliseconds. */
  | { readonly kind: 'delay'; readonly delayMs: number };

/** Sends the answer to `count` requests that have arrived in full, in their order. */
export type Responder = (write: (answer: Buffer) => void, count: number) => void;

export function responder(behaviour: Behaviour): Responder {
  switch (behaviour.kind) {
    case 'ok':
      return answering(200);
    case 'status':
      return answering(behaviour.status);
    case 'delay': {
      const answerNow = answering(200);
      return (write, count) => setTimeout(answerNow, behaviour.delayMs, write, count);
    }
  }
}

function answering(status: number): Responder {
  const answer = Buffer.from(`HTTP/1.1 ${status} Mock\r\ncontent-length: 0\r\n\r\n`);
  return (write, count) => {
    for (let sent = 0; sent < count; sent += 1) write(answer);
  };
}
