/**
 * Looks again and again whether something has changed, until the returned function is called. The next look begins when
 * the last one has ended, after `delayMs()`; the timer keeps no process alive, and the end aborts a look under way.
 */
export function poll(
  delayMs: () => number,
  hasChanged: (signal: AbortSignal) => Promise<boolean>,
  onChange: () => void,
): () => void {
  const ended = new AbortController();
  let timer: NodeJS.Timeout;
  const schedule = () => {
    timer = setTimeout(look, delayMs()).unref();
  };
  const look = async () => {
    const changed = await hasChanged(ended.signal);
    if (ended.signal.aborted) return;
    if (changed) onChange();
    schedule();
  };
  schedule();
  return () => {
    ended.abort();
    clearTimeout(timer);
  };
}
