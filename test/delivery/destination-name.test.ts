import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { nameWarning, originMeant } from '../../src/delivery/destination-name.ts';

test('ids and origins as deliveries have them are left as they are', () => {
  for (const name of [
    'acct_42',
    'hooks.example.com',
    'tenant:7/https',
    'https://example.com',
    'http://127.0.0.1:3000',
    'https://[::1]:8443',
    'https://xn--bcher-kva.example',
  ]) {
    equal(originMeant(name), null, name);
    equal(nameWarning(name), null, name);
  }
});

test('an origin in another spelling is known', () => {
  for (const [name, origin] of Object.entries({
    'https://example.com/': 'https://example.com',
    'https://example.com:443': 'https://example.com',
    'HTTPS://Example.com': 'https://example.com',
    'https:example.com': 'https://example.com',
    'http://example.com:80': 'http://example.com',
    'https://bücher.example': 'https://xn--bcher-kva.example',
    'https://0x7f.1': 'https://127.0.0.1',
  }))
    equal(originMeant(name), origin);
});

test('what looks like a URL and is no origin may be an id, and is warned about', () => {
  for (const name of [
    'https://example.com/hooks',
    'https://example.com?a',
    'https://user:hush@example.com',
    'https://',
    'https://[::1',
    'ftp://example.com',
    'queue://7',
  ]) {
    equal(originMeant(name), null, name);
    equal(nameWarning(name)?.startsWith('what looks like a URL and is no origin'), true, name);
  }
});
