import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { startNameServer } from '../../bench/receiver/name-server.ts';
import { NAME_SERVERS_DOWN, NAME_UNRESOLVED, Names } from '../../src/guard/names.ts';
import { type NameAnswer, nameServerOf } from '../dns-server.ts';

/** Names asked of a scripted server, on a clock of the test's own. */
async function namesOf(t: TestContext, answer: (name: string, type: string) => NameAnswer) {
  const server = await nameServerOf(t, answer);
  const clock = { nowMs: 0 };
  return { server, clock, names: namesAt(t, server, clock) };
}

function namesAt(t: TestContext, { address }: { address: string }, clock: { nowMs: number }): Names {
  const names = new Names({ servers: [address], nowMs: () => clock.nowMs });
  t.after(() => names.close());
  return names;
}

const BOTH = { addresses: ['192.0.2.1', '192.0.2.2', '2001:db8::1'] };

test('A and AAAA are both asked for, and IPv4 comes first', async (t) => {
  const { server, names } = await namesOf(t, () => BOTH);
  deepEqual(await names.resolve('hooks.example.com'), ['192.0.2.1', '192.0.2.2', '2001:db8::1']);
  deepEqual(server.questions.toSorted(), ['A hooks.example.com', 'AAAA hooks.example.com']);
});

test('lookups of one name at the same time are one question', async (t) => {
  const { server, names } = await namesOf(t, () => BOTH);
  await Promise.all(Array.from({ length: 50 }, () => names.resolve('hooks.example.com')));
  equal(server.questions.length, 2);
});

test('an answer is kept as long as it may be, and at most half a minute', async (t) => {
  const { server, clock, names } = await namesOf(t, (name) => ({
    ...BOTH,
    ttl: { 'short.example.com': 5, 'long.example.com': 86_400 }[name] ?? 0,
  }));
  const askedAfter = async (name: string, ms: number) => {
    const before = server.questions.length;
    clock.nowMs += ms;
    await names.resolve(name);
    return server.questions.length > before;
  };
  equal(await askedAfter('short.example.com', 0), true);
  equal(await askedAfter('short.example.com', 4_999), false);
  equal(await askedAfter('short.example.com', 1), true);
  equal(await askedAfter('long.example.com', 0), true);
  equal(await askedAfter('long.example.com', 29_999), false);
  equal(await askedAfter('long.example.com', 1), true);
  equal(await askedAfter('none.example.com', 0), true);
  equal(await askedAfter('none.example.com', 0), true, 'a time to live of 0 is not kept');
});

test('a name without addresses is unresolved, and for a second that is not asked again', async (t) => {
  const { server, clock, names } = await namesOf(t, (name) =>
    name === 'gone.example.com' ? { code: 'NXDOMAIN' } : { addresses: [] },
  );
  for (const name of ['gone.example.com', 'empty.example.com']) {
    await rejects(names.resolve(name), { code: NAME_UNRESOLVED, message: new RegExp(name) });
    const asked = server.questions.length;
    await rejects(names.resolve(name), { code: NAME_UNRESOLVED });
    equal(server.questions.length, asked);
    clock.nowMs += 1_000;
    await rejects(names.resolve(name), { code: NAME_UNRESOLVED });
    ok(server.questions.length > asked);
  }
});

test('one family that is not answered does not keep the other from being used', async (t) => {
  const { names } = await namesOf(t, (_name, type) => (type === 'AAAA' ? 'silence' : BOTH));
  deepEqual(await names.resolve('hooks.example.com'), ['192.0.2.1', '192.0.2.2']);
});

test('a name that is never answered is unresolved while the server answers others, which do not wait for it', async (t) => {
  const { names } = await namesOf(t, (name) => (name === 'hung.example.com' ? 'silence' : BOTH));
  const order: string[] = [];
  const hung = Array.from({ length: 200 }, (_, i) =>
    names.resolve('hung.example.com').catch((error: { code: string }) => {
      order.push('hung');
      equal(error.code, NAME_UNRESOLVED, `${i}`);
    }),
  );
  await names.resolve('healthy.example.com');
  order.push('healthy');
  await Promise.all(hung);
  equal(order[0], 'healthy');
});

test('servers that answer nothing at all are a fault of this side', async (t) => {
  const { names } = await namesOf(t, () => 'silence');
  await rejects(names.resolve('hooks.example.com'), { code: NAME_SERVERS_DOWN });
});

test('a server that is not there is a fault of this side', async (t) => {
  const gone = await startNameServer(() => BOTH);
  await gone.close();
  await rejects(namesAt(t, gone, { nowMs: 0 }).resolve('hooks.example.com'), { code: NAME_SERVERS_DOWN });
});

test('a server that fails for a name has answered: the name is what is wrong', async (t) => {
  for (const code of ['SERVFAIL', 'REFUSED'] as const) {
    const { names } = await namesOf(t, () => ({ code }));
    await rejects(names.resolve('broken.example.com'), { code: NAME_UNRESOLVED, message: new RegExp(code) });
  }
});

test('localhost is the loopback, whatever DNS says', async (t) => {
  const { server, names } = await namesOf(t, () => ({ addresses: ['203.0.113.9'] }));
  deepEqual(await names.resolve('localhost'), ['127.0.0.1']);
  deepEqual(await names.resolve('a.localhost'), ['127.0.0.1']);
  deepEqual(server.questions, []);
});

test('a closed resolver ends what was asked', async (t) => {
  const { server, names } = await namesOf(t, () => 'silence');
  const asked = rejects(names.resolve('hooks.example.com'));
  await server.until(() => server.questions.length > 0);
  names.close();
  await asked;
});
