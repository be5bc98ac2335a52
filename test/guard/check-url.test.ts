import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import test from 'node:test';
import { NAME_UNRESOLVED, NameError, Names } from '../../src/guard/names.ts';
import { checkUrl } from '../../src/index.ts';

const resolvesTo = (...addresses: string[]) => {
  const asked: string[] = [];
  const resolve = async (host: string) => {
    asked.push(host);
    return addresses;
  };
  return { asked, resolve };
};

test('a URL is checked by its text and by what its name resolves to, asked once and in lower case', async () => {
  const { asked, resolve } = resolvesTo('1.1.1.1');
  deepEqual(await checkUrl('https://Hooks.EXAMPLE/x', {}, resolve), { allowed: true, reason: null });
  deepEqual(asked, ['hooks.example']);
  match(
    (await checkUrl('https://hooks.example/', {}, resolvesTo('10.0.0.1').resolve)).reason!,
    /^address: 10\./,
  );
});

test('what the text alone refuses is not resolved', async () => {
  const { asked, resolve } = resolvesTo('1.1.1.1');
  for (const url of [
    'http://hooks.example/',
    'https://a@hooks.example/',
    'https://localhost/',
    'https://10.0.0.1/',
  ])
    equal((await checkUrl(url, {}, resolve)).allowed, false);
  deepEqual(asked, []);
});

test('the policy may be given in part', async () => {
  const { resolve } = resolvesTo('10.0.0.1');
  equal((await checkUrl('https://hooks.example/', { allowNets: ['10.0.0.0/8'] }, resolve)).allowed, true);
  equal((await checkUrl('https://hooks.example/', { allowHosts: ['hooks.example'] }, resolve)).allowed, true);
  equal((await checkUrl('http://1.1.1.1/', { allowHttp: true }, resolve)).allowed, true);
  await rejects(checkUrl('https://hooks.example/', { allowNets: ['10.0.0.0'] }, resolve), RangeError);
});

test('a name that cannot be asked for is refused, with the reason', async () => {
  const names = new Names({ servers: ['127.0.0.1:1'] });
  const { reason } = await checkUrl('https://hooks.example/', {}, (host) => names.resolve(host));
  names.close();
  match(
    reason!,
    /^unresolved: hooks\.example cannot be resolved: the name servers do not answer \(ECONNREFUSED/,
  );
});

test('a name that DNS says has no address is refused like one that was said to have none', async () => {
  const unknown = () => Promise.reject(new NameError(NAME_UNRESOLVED, 'no such name'));
  deepEqual(
    await checkUrl('https://hooks.example/', {}, unknown),
    await checkUrl('https://hooks.example/', {}, async () => []),
  );
});

test('localhost is the loopback address without DNS, and so an allowed network can hold it', async () => {
  const policy = { allowNets: ['127.0.0.0/8'] };
  for (const host of ['localhost', 'hooks.localhost'])
    deepEqual(await checkUrl(`https://${host}/`, policy), { allowed: true, reason: null });
});
