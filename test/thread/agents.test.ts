import { deepEqual, equal, ok } from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { guardOf, type Target } from '../../src/guard/guard.ts';
import { Agents, type Connection, type Route } from '../../src/thread/agents.ts';
import { Connector } from '../../src/thread/connector.ts';
import { rawReceiverOf } from '../receiver.ts';

const GUARD = guardOf({ allowHttp: true, allowNets: ['127.0.0.0/8'], allowHosts: [], allowPorts: [0] });
const SWEEP_MS = 10_000;

/** Agents on a clock of the test's own, and a receiver that accepts every request. */
async function agentsOf(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const clock = { nowMs: 1_000 };
  const agents = new Agents({ sockets: 100, nowMs: () => clock.nowMs });
  t.after(() => agents.destroy());
  const names = { resolve: () => Promise.reject(new Error('no name is asked for here')) };
  const connector = new Connector({ guard: GUARD, names, route: {} });
  const route: Route = { connector, http2: false, agents: new Map() };
  const sockets: Socket[] = [];
  const receiver = await rawReceiverOf(t, (socket) => {
    sockets.push(socket);
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
  });
  const target = GUARD.judgeUrl(`${receiver.origin}/`) as Target;
  const take = () => agents.take(route, target, 5_000);
  const use = async (connection: Connection) => {
    const { body } = await connection.client.request({ path: '/', method: 'POST' });
    await body.dump();
    agents.giveBack(connection, true, clock.nowMs);
  };
  const pass = (ms: number) => {
    for (let left = ms; left > 0; left -= SWEEP_MS) {
      clock.nowMs += Math.min(left, SWEEP_MS);
      t.mock.timers.tick(SWEEP_MS);
    }
  };
  return { agents, route, sockets, take, use, pass };
}

test('a connection that nobody has used for a minute is closed, and nothing is kept of its host', async (t) => {
  const { agents, route, sockets, take, use, pass } = await agentsOf(t);
  await use(take());
  pass(50_000);
  equal(agents.connections, 1);
  await use(take());
  equal(sockets.length, 1, 'it was used again');
  pass(50_000);
  deepEqual([agents.connections, route.agents.size], [1, 1]);
  const closed = once(sockets[0]!, 'close');
  pass(10_000);
  deepEqual([agents.connections, route.agents.size], [0, 0]);
  await closed;
});

test('a connection in use is never closed for being idle, nor when what is unused is let go of', async (t) => {
  const { agents, take, use, pass } = await agentsOf(t);
  const busy = take();
  const other = take();
  await use(other);
  pass(600_000);
  equal(agents.connections, 1);
  await use(busy);
  await use(take());
  const held = take();
  agents.dropUnused();
  equal(agents.connections, 1);
  ok(!held.dropped);
  await use(held);
  agents.dropUnused();
  equal(agents.connections, 0);
});

test('the connection used last is used first, so that what a burst has opened can go', async (t) => {
  const { take, use } = await agentsOf(t);
  const burst = Array.from({ length: 5 }, take);
  for (const connection of burst) await use(connection);
  for (let n = 0; n < 10; n++) {
    const connection = take();
    equal(connection, burst[4]);
    await use(connection);
  }
});
