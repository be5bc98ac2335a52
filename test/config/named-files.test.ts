import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { beside, CONFIG, configOf, folder, NOW_MS, read, settingsOf } from './destinations-testing.ts';

const RECEIVER = new URL('../../bench/receiver/', import.meta.url);
const user = userInfo().username;

const certificate = readFileSync(new URL('test-only-certificate.pem', RECEIVER), 'utf8');
const key = readFileSync(new URL('test-only-key.pem', RECEIVER), 'utf8');
const certificateBlock = /-----BEGIN[\s\S]*-----END CERTIFICATE-----\n/.exec(certificate)![0];
beside('client.pem', certificate);
beside('client.key', key);

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const x25519 = generateKeyPairSync('x25519');
const pem = (key: KeyObject, type: 'spki' | 'pkcs8' = 'spki') =>
  key.export({ format: 'pem', type }) as string;
const jwk = (key: KeyObject) => key.export({ format: 'jwk' });

test('files are named from the config file, read whole, and only certificates are taken where those are due', () => {
  mkdirSync(join(folder, 'tls'));
  const bundle = `our chain\n${certificateBlock}and again\n${certificateBlock}${key}`;
  beside('tls/bundle.pem', bundle);
  symlinkSync('bundle.pem', join(folder, 'tls/current.pem'));
  const settings = settingsOf({
    'client-certificate': 'tls/current.pem',
    'client-key': join(folder, 'tls/bundle.pem'),
    ca: 'client.pem',
  });
  equal(settings.clientCertificate, certificateBlock + certificateBlock);
  equal(settings.clientKey, bundle);
  equal(settings.ca, certificateBlock);
  deepEqual(settings.warnings, []);
});

test('a certificate out of its time is warned about, once for each file, with the date', () => {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  const text = `{"destinations": {\n"a": {"ca": "client.pem"},\n"b": {"ca": "client.pem"}}}`;
  const warningsAt = (ms: number) => read(text, {}, ms).warnings;
  deepEqual(warningsAt(validToDate.getTime() + 1_000), [
    `${CONFIG}:2:7: "ca": ${folder}/client.pem holds a certificate that expired on ${validToDate.toISOString().slice(0, 10)}`,
  ]);
  deepEqual(warningsAt(validFromDate.getTime() - 1_000), [
    `${CONFIG}:2:7: "ca": ${folder}/client.pem holds a certificate that is valid only from ${validFromDate.toISOString().slice(0, 10)}`,
  ]);
  deepEqual(warningsAt(NOW_MS), []);
});

const CURVES = ['P-256', 'P-384', 'P-521'];

test('a public key is read from a JWK or PEM, with what its JWK says of its use', () => {
  const keys = [rsa, x25519, ...CURVES.map((namedCurve) => generateKeyPairSync('ec', { namedCurve }))];
  for (const { publicKey } of keys) {
    const made = jwk(publicKey);
    beside('key', pem(publicKey));
    deepEqual(settingsOf({ 'encryption-key': 'key' }).encryptionKey, made);
    beside('key', `\ufeff${JSON.stringify(made, null, 2)}`);
    deepEqual(settingsOf({ 'encryption-key': 'key' }).encryptionKey, made);
    ok(createPublicKey({ key: made, format: 'jwk' }).equals(publicKey));
  }
  const alg = 'ECDH-ES+A256KW';
  beside('key', JSON.stringify({ ...jwk(ec.publicKey), use: 'enc', key_ops: [], alg, kid: '7', x5t: 'a' }));
  deepEqual(settingsOf({ 'encryption-key': 'key' }).encryptionKey, { ...jwk(ec.publicKey), alg, kid: '7' });
  beside('key', certificate);
  equal(settingsOf({ 'encryption-key': 'key' }).encryptionKey?.crv, 'P-256');
});

const NO_PUBLIC_KEY = "holds no public key: give the receiver's, as a JWK (one JSON object) or in PEM";
const PRIVATE =
  'holds a private or secret key: give the public key only (of one in PEM: openssl pkey -in FILE -pubout)';
const KINDS = 'give RSA of 2048 bits or more, EC P-256, P-384 or P-521, or X25519';
const NO_ENCRYPTION =
  'holds a key whose "key_ops" do not have encryption: give the receiver\'s key for encryption';

const weakRsa = generateKeyPairSync('rsa', { modulusLength: 1_024 });
const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2_048 });
const edwards = generateKeyPairSync('ed25519');
const koblitz = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
const publicJwk = jwk(ec.publicKey);

/** The setting, what the file it names holds, and what is said of that. */
const BAD: [key: string, content: string | Buffer, fault: string][] = [
  ['ca', '', 'holds no certificate in PEM: give one that begins with -----BEGIN CERTIFICATE-----'],
  ['ca', key, 'holds no certificate in PEM: give one that begins with -----BEGIN CERTIFICATE-----'],
  [
    'ca',
    new X509Certificate(certificate).raw,
    'holds no certificate in PEM: give one that begins with -----BEGIN CERTIFICATE-----',
  ],
  [
    'ca',
    `${certificateBlock}-----BEGIN CERTIFICATE-----\naHVzaA==\n-----END CERTIFICATE-----\n`,
    'holds a damaged certificate (number 2): copy it again',
  ],
  ['ca', ' '.repeat(1_048_577), 'is larger than 1 MiB: give the file that holds nothing else'],
  [
    'client-certificate',
    'x',
    'holds no certificate in PEM: give one that begins with -----BEGIN CERTIFICATE-----',
  ],
  [
    'client-key',
    certificate,
    'holds no private key in PEM: give one that begins with -----BEGIN PRIVATE KEY-----',
  ],
  [
    'client-key',
    pem(ec.publicKey),
    'holds no private key in PEM: give one that begins with -----BEGIN PRIVATE KEY-----',
  ],
  [
    'client-key',
    '-----BEGIN PRIVATE KEY-----\naHVzaA==\n-----END PRIVATE KEY-----\n',
    'holds no private key in PEM: give one that begins with -----BEGIN PRIVATE KEY-----',
  ],
  [
    'client-key',
    ec.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }),
    'holds an encrypted key: store it without a passphrase (openssl pkey -in FILE -out FILE), readable by its user alone',
  ],
  [
    'client-key',
    rsa.privateKey.export({ format: 'pem', type: 'pkcs1', cipher: 'aes-256-cbc', passphrase: 'x' }),
    'holds an encrypted key: store it without a passphrase (openssl pkey -in FILE -out FILE), readable by its user alone',
  ],
  ['encryption-key', '', NO_PUBLIC_KEY],
  ['encryption-key', 'null', NO_PUBLIC_KEY],
  ['encryption-key', '[]', NO_PUBLIC_KEY],
  ['encryption-key', '{}', NO_PUBLIC_KEY],
  ['encryption-key', JSON.stringify({ ...publicJwk, x: 'AAAA' }), NO_PUBLIC_KEY],
  ['encryption-key', JSON.stringify({ ...publicJwk, crv: 5 }), NO_PUBLIC_KEY],
  ['encryption-key', '-----BEGIN PUBLIC KEY-----\naHVzaA==\n-----END PUBLIC KEY-----\n', NO_PUBLIC_KEY],
  [
    'encryption-key',
    JSON.stringify({ keys: [publicJwk] }),
    'holds a set of keys: give one key of it, the one for encryption',
  ],
  ['encryption-key', JSON.stringify(jwk(ec.privateKey)), PRIVATE],
  ['encryption-key', JSON.stringify({ kty: 'oct', k: 'aHVzaA' }), PRIVATE],
  ['encryption-key', pem(ec.privateKey, 'pkcs8'), PRIVATE],
  ['encryption-key', pem(weakRsa.publicKey), `holds an RSA key of 1024 bits: ${KINDS}`],
  ['encryption-key', pem(pss.publicKey), `holds a key of type rsa-pss: ${KINDS}`],
  ['encryption-key', pem(edwards.publicKey), `holds a key of type ed25519: ${KINDS}`],
  ['encryption-key', pem(koblitz.publicKey), `holds a key of type ec secp256k1: ${KINDS}`],
  [
    'encryption-key',
    JSON.stringify({ ...publicJwk, use: 'sig' }),
    'holds a key with another "use" than "enc": give the receiver\'s key for encryption',
  ],
  ['encryption-key', JSON.stringify({ ...publicJwk, key_ops: ['verify'] }), NO_ENCRYPTION],
  ['encryption-key', JSON.stringify({ ...publicJwk, key_ops: 'wrapKey' }), NO_ENCRYPTION],
  [
    'encryption-key',
    JSON.stringify({ ...publicJwk, alg: 'ES256' }),
    'holds a key with an "alg" there is no support for: it must be one of ECDH-ES, ECDH-ES+A128KW, ECDH-ES+A192KW, ECDH-ES+A256KW, or absent',
  ],
  [
    'encryption-key',
    JSON.stringify({ ...jwk(rsa.publicKey), alg: 'RSA1_5' }),
    'holds a key with an "alg" there is no support for: it must be one of RSA-OAEP, RSA-OAEP-256, RSA-OAEP-384, RSA-OAEP-512, or absent',
  ],
  [
    'encryption-key',
    JSON.stringify({ ...publicJwk, kid: 7 }),
    'holds a key with a "kid" that is not a string',
  ],
];

test('one line says what is wrong with what a file holds, and repeats none of it', () => {
  for (const [name, content, fault] of BAD) {
    beside('bad', content);
    throws(() => read(configOf(`"http2": true,\n"${name}": "bad"`)), {
      code: 'VOLLEY_CONFIG',
      message: `${CONFIG}:3:1: "${name}": ${folder}/bad ${fault}`,
    });
  }
});

test('a certificate and a key that do not belong together are refused, and so is one without the other', () => {
  beside('other.key', pem(ec.privateKey, 'pkcs8'));
  throws(() => read(configOf('"client-key": "other.key",\n"client-certificate": "client.pem"')), {
    message: `${CONFIG}:2:18: "client-key": ${folder}/other.key holds another key than that of the certificate: give the two that belong together`,
  });
  throws(() => read(configOf('"client-certificate": "client.pem"')), {
    message: `${CONFIG}:2:18: "client-certificate" is there without "client-key": give both, or neither`,
  });
  throws(() => read(configOf('"client-key": "client.key"')), {
    message: `${CONFIG}:2:18: "client-key" is there without "client-certificate": give both, or neither`,
  });
});

/** A certificate with an RSA key of 512 bits, made with openssl for this test: too weak for TLS, and so of no other use. */
const WEAK = {
  certificate: [
    'MIIBdTCCAR+gAwIBAgIUTdALQ4OOveolu96E7yUPYHHaJyEwDQYJKoZIhvcNAQELBQAwDzENMAsGA1UEAwwEd2VhazAeFw0y',
    'NjExMjUxOTIzMDFaFw0zNjExMjIxOTIzMDFaMA8xDTALBgNVBAMMBHdlYWswXDANBgkqhkiG9w0BAQEFAANLADBIAkEAuVyA',
    'QwmprXRUFEWjrrx2Dq+zVMRcQhlrh4w5CaLR1VahZlk5bymwWkJoOfNsv5VzXB+J71f6KhxZdIGKJjTOywIDAQABo1MwUTAd',
    'BgNVHQ4EFgQU08I7X6wLWbtWFIoe4G3Z12bhW4MwHwYDVR0jBBgwFoAU08I7X6wLWbtWFIoe4G3Z12bhW4MwDwYDVR0TAQH/',
    'BAUwAwEB/zANBgkqhkiG9w0BAQsFAANBAF+crf45cTE/V2M/TZV+e7TraxzoT8EXZVXl2B87Bhk9C/9S0gOkjR/ED1I8/VdF',
    'sb76YfHJCWz+MilaFvVr/J4=',
  ].join('\n'),
  key: [
    'MIIBVQIBADANBgkqhkiG9w0BAQEFAASCAT8wggE7AgEAAkEAuVyAQwmprXRUFEWjrrx2Dq+zVMRcQhlrh4w5CaLR1VahZlk5',
    'bymwWkJoOfNsv5VzXB+J71f6KhxZdIGKJjTOywIDAQABAkBt71uu5ss4sbawM0FKAEJwoWpVywQAu/zXbqXhfiy/PthyaJJt',
    '+CXFKze3Kz22xw/4tco3NBXwDuLH42tWeHKxAiEA4myDJh6Ll8DHiaqT4bupOQTrwjaivKOwgWZxpphpdXkCIQDRkuFWxih7',
    'IkuzGFIlvSKvOKZ8gcHRsBfuD513A3wpYwIhAM1KTW6Wa0JgC4qKGiKknz2PdKJWHx6h2zq3w3uk3JkhAiBHy/4O8EwmAxXU',
    'AV0DOMyNIudGeF2iLKXGFOtpPnRm6QIhAKOrH1n6PYI5hGa2TD9Q3okuT0mYWv0DdjMFyqBgNS45',
  ].join('\n'),
};

test('a pair that OpenSSL will not use is refused when it is loaded, not at every connection', () => {
  beside('weak.pem', `-----BEGIN CERTIFICATE-----\n${WEAK.certificate}\n-----END CERTIFICATE-----\n`);
  beside('weak.key', `-----BEGIN PRIVATE KEY-----\n${WEAK.key}\n-----END PRIVATE KEY-----\n`);
  throws(() => settingsOf({ 'client-certificate': 'weak.pem', 'client-key': 'weak.key' }), {
    message: `${CONFIG}:2:50: "client-key": ${folder}/weak.key is refused by OpenSSL with its certificate (ERR_SSL_EE_KEY_TOO_SMALL): have both issued anew, with a longer key or a newer signature`,
  });
});

test('what is not the path of a file is refused, and not repeated where it may be a key', () => {
  const message = `${CONFIG}:2:18: "client-key" will not do: give the path of a file, in double quotes`;
  const bad = [
    '',
    5,
    null,
    [key],
    jwk(ec.privateKey),
    JSON.stringify(jwk(ec.privateKey)),
    key,
    key.replaceAll('\n', ''),
  ];
  for (const value of [...bad, '\0', 'a\nb', 'x'.repeat(4_096)])
    throws(() => settingsOf({ 'client-key': value }), { code: 'VOLLEY_CONFIG', message });
});

test('a file that is not there, and what cannot be read as one, are refused', () => {
  const faults = [
    ['none.pem', `is not there: correct the path, or put the file there, readable by user ${user}`],
    ['.', 'is not a regular file: give the path of a readable file'],
    ['client.pem/x', `cannot be read by user ${user} (ENOTDIR): give the path of a readable file`],
  ];
  for (const [name, fault] of faults)
    throws(() => settingsOf({ ca: name }), {
      message: `${CONFIG}:2:18: "ca": ${join(folder, name!)} ${fault}`,
    });
});
