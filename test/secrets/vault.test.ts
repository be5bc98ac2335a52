import { deepEqual, equal, match, ok, throws } from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FILE_PACE } from '../../src/secrets/file-source.ts';
import { type SecretProvider, secretProvider } from '../../src/secrets/provider.ts';
import type { VaultPace } from '../../src/secrets/vault-pace.ts';
import { loopbackCertificate } from './certificate.ts';
import { assertHidden, CANARY, refusal } from './refusal.ts';
import { errors, json, type Reply, VaultServer } from './vault-server.ts';
import { watching } from './watching.ts';

const TOKEN = `hvs.${CANARY}`;
const ENTRY = 'vault:secret/volley';
/** Tries again at once; gives up on nothing that answers. */
const PACE: VaultPace = {
  requestTimeoutMs: 30_000,
  loadTimeoutMs: 30_000,
  retryMs: 0,
  tries: 4,
  pollMs: 1,
  random: () => 0.5,
};

interface Place {
  readonly entry?: string;
  readonly env?: Record<string, string>;
  readonly pace?: Partial<VaultPace>;
}

function providerOf(vault: VaultServer, { entry = ENTRY, env = {}, pace = {} }: Place = {}): SecretProvider {
  const all = { VAULT_ADDR: vault.address, VAULT_TOKEN: TOKEN, ...env };
  return secretProvider(all, { secretsFile: entry }, { file: FILE_PACE, vault: { ...PACE, ...pace } });
}

/** A Vault that holds secrets of every shape. */
async function vaultOf(t: TestContext): Promise<VaultServer> {
  const vault = await VaultServer.start(t);
  vault.tokens.add(TOKEN);
  vault.put('secret/volley', { default: CANARY });
  return vault;
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'volley-vault-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('the key default holds the default secrets, every other key those of its name: text, lines or an array', async (t) => {
  const vault = await vaultOf(t);
  vault.put('secret/volley', {
    default: ' newest\r\nolder\n',
    acct_42: 'its own',
    'https://example.com': ['b', 'a\n'],
  });
  const provider = providerOf(vault);
  deepEqual(await provider.load(), {
    secrets: {
      default: ['newest', 'older'],
      byName: { acct_42: ['its own'], 'https://example.com': ['b', 'a'] },
    },
    warnings: [],
  });
  equal(provider.place, ENTRY);
  const [{ path, headers } = { path: '', headers: {} }] = vault.requests;
  equal(path, '/v1/secret/data/volley');
  equal(headers['x-vault-token'], TOKEN);
  equal(headers['x-vault-request'], 'true');
  ok(!('x-vault-namespace' in headers));
});

test('HMAC_SECRET takes the place of the default secrets in Vault, and Vault may have none', async (t) => {
  const vault = await vaultOf(t);
  vault.put('secret/volley', { acct_42: 'its own' });
  deepEqual((await providerOf(vault, { env: { HMAC_SECRET: 'e' } }).load()).secrets, {
    default: ['e'],
    byName: { acct_42: ['its own'] },
  });
});

test('a namespace, a deeper path, a mount with a slash and an address with a path are sent as they are', async (t) => {
  const vault = await vaultOf(t);
  vault.replies.push(json(200, { data: { data: { default: 'a' }, metadata: {} } }));
  const env = { VAULT_NAMESPACE: 'team/a', VAULT_ADDR: `${vault.address}/behind/a/proxy/` };
  deepEqual((await providerOf(vault, { entry: 'vault:kv%2Fteam/apps/volley', env }).load()).secrets.default, [
    'a',
  ]);
  equal(vault.requests[0]!.path, '/behind/a/proxy/v1/kv%2Fteam/data/apps/volley');
  equal(vault.requests[0]!.headers['x-vault-namespace'], 'team/a');
});

test('the token comes from VAULT_TOKEN, else from VAULT_TOKEN_FILE, else from ~/.vault-token, and is read anew', async (t) => {
  const vault = await vaultOf(t);
  for (const token of ['a', 'b', 'c', 'd']) vault.tokens.add(token);
  const folder = folderOf(t);
  const file = join(folder, 'token');
  writeFileSync(file, 'b\n', { mode: 0o600 });
  writeFileSync(join(folder, '.vault-token'), 'c', { mode: 0o600 });
  const home = { HOME: folder, VAULT_TOKEN: '' };
  await providerOf(vault, { env: { ...home, VAULT_TOKEN: 'a', VAULT_TOKEN_FILE: file } }).load();
  const fromFile = providerOf(vault, { env: { ...home, VAULT_TOKEN_FILE: file } });
  await fromFile.load();
  await providerOf(vault, { env: home }).load();
  writeFileSync(file, 'd\n');
  await fromFile.load();
  deepEqual(
    vault.requests.map(({ headers }) => headers['x-vault-token']),
    ['a', 'b', 'c', 'd'],
  );
});

test('Vault over TLS is trusted by VAULT_CACERT alone', async (t) => {
  const certificate = loopbackCertificate();
  const vault = await VaultServer.start(t, certificate);
  vault.tokens.add(TOKEN);
  vault.put('secret/volley', { default: 'a' });
  const authority = join(folderOf(t), 'ca.pem');
  writeFileSync(authority, certificate.cert, { mode: 0o640 });
  deepEqual((await providerOf(vault, { env: { VAULT_CACERT: authority } }).load()).secrets.default, ['a']);
  equal(
    await refusal(() => providerOf(vault).load()),
    `${ENTRY} cannot be read, ${vault.address} does not answer (DEPTH_ZERO_SELF_SIGNED_CERT): name the file of its authority's certificate in VAULT_CACERT`,
  );
  equal(vault.requests.length, 1, 'the token goes to nobody who is not trusted');
  const named = vault.address.replace('127.0.0.1', 'localhost');
  match(
    await refusal(() => providerOf(vault, { env: { VAULT_CACERT: authority, VAULT_ADDR: named } }).load()),
    /\(ERR_TLS_CERT_ALTNAME_INVALID\): write VAULT_ADDR with the name in its certificate$/,
  );
  match(
    await refusal(() =>
      providerOf(vault, { env: { VAULT_ADDR: vault.address.replace('https', 'http') } }).load(),
    ),
    /does not answer \(ECONNRESET\): correct VAULT_ADDR, or start Vault$/,
  );
});

test('what passes is tried again: a sealed or starting Vault, a limit of rate, a connection that breaks', async (t) => {
  const vault = await vaultOf(t);
  const passing: Reply[] = [
    errors(503, 'Vault is sealed'),
    errors(429, 'rate limit quota exceeded'),
    (response) => response.destroy(),
  ];
  vault.replies.push(...passing);
  deepEqual((await providerOf(vault).load()).secrets.default, [CANARY]);
  equal(vault.requests.length, 4);
});

test('tries end: after as many as there may be, and when the time for all is up', async (t) => {
  const vault = await vaultOf(t);
  const sealed = errors(503, 'Vault is sealed');
  vault.replies.push(...Array<Reply>(100).fill(sealed));
  const message = `${ENTRY} cannot be read, Vault answers 503: Vault is sealed; unseal Vault, or wait until it is up`;
  equal(await refusal(() => providerOf(vault).load()), message);
  equal(vault.requests.length, 4);
  const pace = { retryMs: 600_000, loadTimeoutMs: 1_000 };
  equal(await refusal(() => providerOf(vault, { pace }).load()), message);
  equal(vault.requests.length, 5);
});

test('a Vault that hangs, before its answer or in the middle of it, is given up', async (t) => {
  const vault = await vaultOf(t);
  vault.replies.push(
    () => {},
    (response) => void response.writeHead(200).write('{'),
    (response) => void response.writeProcessing(),
    () => {},
  );
  const pace = { requestTimeoutMs: 250 };
  equal(
    await refusal(() => providerOf(vault, { pace }).load()),
    `${ENTRY} cannot be read, ${vault.address} does not answer (ETIMEDOUT): correct VAULT_ADDR, or start Vault`,
  );
  equal(vault.requests.length, 4);
});

test("Vault's warnings are passed on, in one line each, without the token or a secret", async (t) => {
  const vault = await vaultOf(t);
  vault.warnings = [`the token ${TOKEN}\nhas one use left`, `of ${CANARY}`, 'x'.repeat(500)];
  const { warnings } = await providerOf(vault).load();
  deepEqual(warnings, [
    'Vault: the token [redacted] has one use left',
    'Vault: of [redacted]',
    `Vault: ${'x'.repeat(200)}…`,
  ]);
});

const HEAD = `${ENTRY} cannot be read, Vault answers`;
/** Entries that are not secrets, and what is said of them. */
const ENTRIES: [name: string, data: Record<string, unknown>, message: string][] = [
  ['no default secret', { a: CANARY }, `${ENTRY} has no key "default": add it, or set HMAC_SECRET`],
  [
    'a number for a secret',
    { default: CANARY, a: 7 },
    `${ENTRY}: the key "a" is neither a string nor an array of strings: write its secrets as such`,
  ],
  [
    'an array of more than strings',
    { default: [CANARY, { CANARY }] },
    `${ENTRY}: the key "default" is neither a string nor an array of strings: write its secrets as such`,
  ],
  [
    'an empty secret',
    { default: CANARY, a: ' \n' },
    `${ENTRY}: the key "a" holds no secret: give it one, or take it out`,
  ],
  [
    'an empty array',
    { default: [] },
    `${ENTRY}: the key "default" holds no secret: give it one, or take it out`,
  ],
  [
    'a secret that is not what it says',
    { default: `whsec_${CANARY}!` },
    `${ENTRY}: the key "default": what follows whsec_ is not base64: copy the secret again as a whole, or drop the prefix`,
  ],
  [
    'an origin in capitals',
    { default: CANARY, 'https://EXAMPLE.com': CANARY },
    `${ENTRY}: the key "https://EXAMPLE.com": write the origin as https://example.com: lower case, no slash at the end, no usual port`,
  ],
];

for (const [name, data, message] of ENTRIES)
  test(`one line says what to do about ${name} in Vault`, async (t) => {
    const vault = await vaultOf(t);
    vault.put('secret/volley', data);
    equal(await refusal(() => providerOf(vault).load()), message);
  });

/** Entries that are not there, and what is said of them. */
const ABSENT: [name: string, entry: string, message: RegExp][] = [
  [
    'an entry that is not there',
    'vault:secret/other',
    /^vault:secret\/other cannot be read, Vault answers 404; check that secret\/ is a KV version 2 engine in this VAULT_NAMESPACE and holds other$/,
  ],
  [
    'a mount that is not there',
    'vault:kv/volley',
    /^vault:kv\/volley cannot be read, Vault answers 404: no handler for route "kv\/data\/volley"; check that kv\/ is/,
  ],
  [
    "the API's path in place of the entry's",
    'vault:secret/data/volley',
    /and holds data\/volley \(leave out "data\/"\)$/,
  ],
];

for (const [name, entry, message] of ABSENT)
  test(`one line says what to do about ${name}`, async (t) => {
    match(await refusal(async () => providerOf(await vaultOf(t), { entry }).load()), message);
  });

/** What becomes of an entry or of Vault, and what is said of it. */
const REFUSED: [name: string, change: (vault: VaultServer) => unknown, message: RegExp | string][] = [
  [
    'a token that has expired',
    (vault) => vault.tokens.clear(),
    `${HEAD} 403: permission denied; invalid token; the token has expired or may not read it: renew it in VAULT_TOKEN or its file, or allow it "read" on secret/data/volley`,
  ],
  [
    'an entry whose newest version is deleted',
    (vault) => vault.delete('secret/volley'),
    `${HEAD} 404, as its newest version is deleted: run "vault kv undelete", or put a new one`,
  ],
  [
    'an engine of KV version 1',
    (vault) => {
      vault.mounts.set('secret', 1);
      vault.put('secret/data/volley', { default: CANARY });
    },
    `${ENTRY}: the engine at secret/ is KV version 1, Volley reads version 2: run "vault kv enable-versioning secret", or name another mount`,
  ],
  [
    'an entry in an engine of KV version 1',
    (vault) => vault.mounts.set('secret', 1),
    `${HEAD} 404; check that secret/ is a KV version 2 engine in this VAULT_NAMESPACE and holds volley`,
  ],
  [
    'a request Vault does not take',
    (vault) => vault.replies.push(errors(400, `bad ${TOKEN}`)),
    `${HEAD} 400: bad [redacted]; check VAULT_ADDR (https:// where Vault speaks TLS), VAULT_NAMESPACE and the token`,
  ],
  [
    'a server that is not the active one',
    (vault) => vault.replies.push((response) => response.writeHead(307, { location: '/' }).end()),
    `${HEAD} 307; give the address of the active server in VAULT_ADDR: redirects are not followed`,
  ],
  [
    'another status',
    (vault) => vault.replies.push((response) => response.writeHead(418).end(`not JSON ${CANARY}`)),
    `${HEAD} 418; check VAULT_ADDR, and what Vault's own log says`,
  ],
  [
    'a limit of rate that stays',
    (vault) => vault.replies.push(...Array<Reply>(4).fill(errors(429, `${TOKEN} ${TOKEN}`))),
    `${HEAD} 429: [redacted] [redacted]; raise the rate limit of Vault, or start later`,
  ],
  [
    'an answer that is not JSON',
    (vault) => vault.replies.push((response) => response.writeHead(200).end(`{"data": ${CANARY}`)),
    /^http:\S+ does not answer as Vault does: correct VAULT_ADDR$/,
  ],
  [
    'an answer of another kind',
    (vault) => vault.replies.push(json(200, [CANARY])),
    /^http:\S+ does not answer as Vault does: correct VAULT_ADDR$/,
  ],
  [
    'an answer without end',
    (vault) =>
      vault.replies.push((response) => {
        const more = () => {
          while (response.write(CANARY.repeat(10_000)));
          response.once('drain', more);
        };
        more();
      }),
    /the answer of http:\S+ is too large: keep only secrets there$/,
  ],
];

for (const [name, change, message] of REFUSED)
  test(`one line says what to do about ${name}`, async (t) => {
    const vault = await vaultOf(t);
    change(vault);
    const said = await refusal(() => providerOf(vault).load());
    if (typeof message === 'string') equal(said, message);
    else match(said, message);
  });

/** Variables that cannot do, and what is said of them. */
const VARIABLES: [name: string, env: Record<string, string>, message: RegExp][] = [
  [
    'no address',
    { VAULT_ADDR: '' },
    /^vault:secret\/volley needs VAULT_ADDR, the address of Vault, such as https/,
  ],
  ['no URL', { VAULT_ADDR: CANARY }, /^VAULT_ADDR is no address of Vault: give one such as https/],
  ['another scheme', { VAULT_ADDR: `unix:///${CANARY}` }, /^VAULT_ADDR is no address of Vault/],
  [
    'a password',
    { VAULT_ADDR: `https://user:${CANARY}@127.0.0.1` },
    /^VAULT_ADDR holds more than an address/,
  ],
  ['a query', { VAULT_ADDR: `https://127.0.0.1/?token=${CANARY}` }, /^VAULT_ADDR holds more than an address/],
  [
    'plain http to another machine',
    { VAULT_ADDR: 'http://192.0.2.1:8200' },
    /^VAULT_ADDR is http:\/\/192\.0\.2\.1:8200, where secrets would travel in the clear: give an https/,
  ],
  ['plain http to a name', { VAULT_ADDR: 'http://127.0.0.1.example.com' }, /would travel in the clear/],
  [
    'a namespace with a line end',
    { VAULT_NAMESPACE: `a\n${CANARY}` },
    /^VAULT_NAMESPACE holds what no namespace can/,
  ],
  ['a token with a line end', { VAULT_TOKEN: `${CANARY}\nx` }, /^VAULT_TOKEN holds what no token can/],
  [
    'no token',
    { VAULT_TOKEN: '', HOME: '/none' },
    new RegExp(
      `^vault:secret/volley needs a token, and /none/\\.vault-token is not there: set VAULT_TOKEN, or VAULT_TOKEN_FILE to a file readable by user ${userInfo().username}$`,
    ),
  ],
  [
    'a folder for a token',
    { VAULT_TOKEN: '', VAULT_TOKEN_FILE: '/' },
    /^\/ is not a regular file: give a readable file with VAULT_TOKEN_FILE, or set VAULT_TOKEN$/,
  ],
  [
    'an authority that is not there',
    { VAULT_CACERT: '/none' },
    /^\/none is not there: correct VAULT_CACERT, or unset it/,
  ],
  [
    'an authority that is no certificate',
    { VAULT_CACERT: import.meta.filename },
    /vault\.test\.ts is no certificate in PEM form: correct VAULT_CACERT/,
  ],
  [
    'nobody at the address',
    { VAULT_ADDR: 'http://127.0.0.1:1' },
    /does not answer \(ECONNREFUSED\): correct VAULT_ADDR, or start Vault$/,
  ],
];

for (const [name, env, message] of VARIABLES)
  test(`one line says what to do about ${name} for Vault, and nothing is sent`, async (t) => {
    const vault = await vaultOf(t);
    match(await refusal(() => providerOf(vault, { env }).load()), message);
    equal(vault.requests.length, 0);
  });

test('what is no MOUNT/PATH is refused at once', () => {
  for (const entry of [
    '',
    'secret',
    'secret/',
    '/volley',
    'a//b',
    'a/../b',
    './b',
    'a/b?c',
    'a/b#c',
    'a b/c',
  ])
    throws(() => secretProvider({}, { secretsFile: `vault:${entry}` }), {
      code: 'VOLLEY_SECRET',
      message: `vault:${entry}: write vault:MOUNT/PATH, such as vault:secret/volley`,
    });
});

test('a token file that every user can read is warned about', async (t) => {
  const vault = await vaultOf(t);
  const file = join(folderOf(t), 'token');
  writeFileSync(file, TOKEN, { mode: 0o644 });
  const { warnings } = await providerOf(vault, { env: { VAULT_TOKEN: '', VAULT_TOKEN_FILE: file } }).load();
  deepEqual(warnings, [`${file} is readable by every user: run "chmod 640 ${file}"`]);
});

test('a rotation is told of once, and nothing while all is as it was', async (t) => {
  const vault = await vaultOf(t);
  const provider = providerOf(vault);
  await provider.load();
  const watch = watching(t, provider);
  await vault.requested.until(() => vault.requests.length === 5);
  equal(watch.told, 0);
  vault.put('secret/volley', { default: ['newer', CANARY] });
  await watch.untilTold(1);
  deepEqual((await provider.load()).secrets.default, ['newer', CANARY]);
  const before = vault.requests.length;
  await vault.requested.until(() => vault.requests.length === before + 4);
  equal(watch.told, 1);
});

test('a Vault that no longer answers is told of once, so that it is logged, and so is its recovery', async (t) => {
  const vault = await vaultOf(t);
  const provider = providerOf(vault);
  await provider.load();
  const watch = watching(t, provider);
  vault.tokens.clear();
  await watch.untilTold(1);
  match(await refusal(() => provider.load()), /the token has expired/);
  const before = vault.requests.length;
  await vault.requested.until(() => vault.requests.length === before + 4);
  equal(watch.told, 1);
  vault.tokens.add(TOKEN);
  await watch.untilTold(2);
  deepEqual((await provider.load()).secrets.default, [CANARY]);
});

test('polls are spread by a tenth to either side, and the end of the watch ends a request under way', async (t) => {
  const vault = await vaultOf(t);
  const spread: number[] = [];
  const pace = {
    pollMs: 1,
    random: () => {
      spread.push(spread.length);
      return 0;
    },
  };
  const provider = providerOf(vault, { pace });
  await provider.load();
  const watch = watching(t, provider);
  equal(spread.length, 1);
  const closed = Promise.withResolvers<void>();
  vault.replies.push((response) => response.once('close', () => closed.resolve()));
  await vault.requested.until(() => vault.requests.length === 2);
  watch.stop();
  await closed.promise;
  equal(watch.told, 0);
});

test('what a provider holds is in no dump of it', async (t) => {
  const vault = await vaultOf(t);
  const provider = providerOf(vault);
  await provider.load();
  assertHidden(provider);
});
