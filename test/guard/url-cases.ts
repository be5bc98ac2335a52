/**
 * URLs and what the guard says to them. Names resolve to what the case says; for IP addresses it must not matter.
 *
 * Names stand below example and example.com (RFC 6761), addresses are those of the special blocks, or well-known ones.
 */
import { MAX_URL_CHARS } from '../../src/delivery/event.ts';
import type { RefusalCode } from '../../src/guard/guard.ts';
import type { GuardPolicy } from '../../src/guard/policy.ts';

export interface UrlCase {
  readonly group: string;
  readonly policy: Partial<GuardPolicy>;
  readonly url: string;
  /** Null for a name that does not resolve. */
  readonly resolvesTo: readonly string[] | null;
  /** Null where the URL is allowed. */
  readonly code: RefusalCode | null;
}

interface Group {
  readonly title: string;
  readonly policy?: Partial<GuardPolicy>;
  readonly cases: readonly (readonly [
    url: string,
    resolvesTo: readonly string[] | null,
    code: RefusalCode | null,
  ])[];
}

const PUBLIC = ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'];

/** Cases that differ in the URL alone. */
function each(
  code: RefusalCode | null,
  resolvesTo: readonly string[] | null,
  urls: readonly string[],
): Group['cases'] {
  return urls.map((url) => [url, resolvesTo, code] as const);
}

/** Cases of hosts alone. */
function hosts(
  code: RefusalCode | null,
  resolvesTo: readonly string[] | null,
  lines: readonly string[],
): Group['cases'] {
  return each(
    code,
    resolvesTo,
    lines.flatMap((line) => line.split(' ')).map((host) => `https://${host}/`),
  );
}

/** Cases of `https://hooks.example/` that differ in what the name resolves to. */
function answers(code: RefusalCode | null, lists: readonly string[]): Group['cases'] {
  return lists.map((list) => ['https://hooks.example/', list.split(' '), code] as const);
}

const LABEL_63 = 'a'.repeat(63);
/** 253 characters with its dots. */
const NAME_253 = `${LABEL_63}.${LABEL_63}.${LABEL_63}.${'b'.repeat(61)}`;

const WRITTEN: readonly Group[] = [
  {
    title: 'ordinary URLs',
    cases: each(null, PUBLIC, [
      'https://example.com',
      'https://example.com/',
      'https://example.com/hooks?tenant=7&x=%20#part',
      'https://example.com:443/hooks',
      'https://example.com:/hooks',
      'https://example.com:0443/hooks',
      'https://EXAMPLE.com/Hooks',
      'HTTPS://example.com/hooks',
      'hTtPs://Example.COM',
      'https://hooks.eu-west-1.example.com/a/b/c',
      'https://under_score.example.com/',
      'https://_dmarc.example.com/',
      'https://a--b.example.com/',
      'https://-a.example.com/',
      'https://a-.example.com/',
      'https://xn--bcher-kva.example/',
      'https://XN--BCHER-KVA.example/',
      'https://hooks.xn--fiqs8s/',
      'https://1.1.1.0xg/',
      'https://1password.example/',
      'https://127.0.0.1.example.com/',
      'https://10-0-0-1.example.com/',
      'https://0x7f.0.0.1.example/',
      'https://localhost.example.com/',
      'https://example.com?x=1',
      'https://example.com#x',
      `https://${NAME_253}/`,
      `https://${LABEL_63}.example/`,
    ]),
  },
  {
    title: 'paths, queries and fragments that look like authorities',
    cases: each(null, PUBLIC, [
      'https://example.com/@10.0.0.1',
      'https://example.com/a@b:c',
      'https://example.com?@10.0.0.1/',
      'https://example.com#@10.0.0.1/',
      'https://example.com/#@10.0.0.1/',
      'https://example.com//10.0.0.1/',
      'https://example.com/https://10.0.0.1/',
      'https://example.com/?next=http://169.254.169.254/',
      'https://example.com/..//../10.0.0.1',
      'https://example.com/%2e%2e/%00',
      'https://example.com/%0d%0aHost:%20internal',
      'https://example.com/%5c@10.0.0.1',
      'https://example.com/caf\u00e9',
      'https://example.com/?q=\u65e5\u672c',
      'https://example.com/\u{1f600}',
      "https://example.com/a;b=c,d!e$f&g'(h)*i+j",
      'https://example.com/{tenant}|^`"<>',
      'https://example.com/[::1]',
      'https://example.com/:8443',
    ]),
  },
  {
    title: 'schemes',
    cases: [
      ...each('scheme', PUBLIC, [
        'http://example.com/',
        'HTTP://example.com/',
        'ftp://example.com/',
        'file:///etc/passwd',
        'gopher://example.com/_x',
        'dict://example.com:11211/',
        'ws://example.com/',
        'wss://example.com/',
        'ldap://example.com/',
        'data:text/plain,x',
        'javascript:alert(1)',
        'blob:https://example.com/x',
        'unix:/var/run/docker.sock',
        'jar:https://example.com!/',
        'view-source:https://example.com/',
        'httpss://example.com/',
        'https+unix://example.com/',
        'example.com:443/hooks',
        'localhost:8080',
        'mailto:a@example.com',
      ]),
      ...each('url-invalid', PUBLIC, [
        '',
        'example.com',
        'example.com/hooks',
        '//example.com/hooks',
        '/hooks',
        '?x',
        '#x',
        '://example.com',
        ':https://example.com',
        '-https://example.com',
        '1https://example.com',
        'https',
        'ht_tps://example.com',
      ]),
    ],
  },
  {
    title: 'slashes after the scheme',
    cases: each('url-invalid', PUBLIC, [
      'https:example.com',
      'https:/example.com',
      'https:///example.com',
      'https:////example.com',
      'https://///10.0.0.1/',
      'https:10.0.0.1',
      'https:',
      'https:/',
      'https:?x',
      'https:@example.com',
    ]),
  },
  {
    title: 'no host',
    cases: each('host-invalid', PUBLIC, [
      'https://',
      'https://?x',
      'https://#x',
      'https://:443/',
      'https://:/',
      'https://./',
      'https://../',
      'https://./x',
    ]),
  },
  {
    title: 'characters that are dropped, hidden or read in two ways',
    cases: each('character', PUBLIC, [
      ' https://example.com/',
      'https://example.com/ ',
      'https://example.com/a b',
      'https://exam ple.com/',
      'https://example.com /',
      '\thttps://example.com/',
      'ht\ttps://example.com/',
      'https:/\t/example.com/',
      'https://exa\tmple.com/',
      'https://example.com\t/',
      'https://exa\nmple.com/',
      'https://example.com/\n',
      'https://example.com/a\r\nHost: internal',
      'https://exa\rmple.com/',
      'https://example.com\u0000.internal/',
      'https://example.com/\u0000',
      '\u0000https://example.com/',
      '\u0001https://example.com/',
      'https://example.com/\u001b[2J',
      'https://example.com/\u007f',
      'https://example.com/\u0085',
      'https://example.com/\u00a0',
      'https://exam\u00adple.com/',
      'https://example\u200b.com/',
      'https://example\u200c.com/',
      'https://example\u200d.com/',
      'https://example.com/\u200e',
      'https://\u202emoc.elpmaxe/',
      'https://example.com/\u2066x\u2069',
      'https://example\u2060.com/',
      '\ufeffhttps://example.com/',
      'https://example.com/\u2028',
      'https://example.com/\u3000',
      'https://example.com/\u{e0041}',
      'https://example.com/\ud800',
      'https://example.com/\ufff0',
      'https://example.com/\ue000',
      'https://example.com\\@10.0.0.1/',
      'https:\\\\example.com/',
      'https:/\\example.com/',
      'https://example.com\\',
      'https://example.com/a\\b',
      'https://10.0.0.1\\.example.com/',
      'https://example.com?\\',
      'https://example.com#\\@10.0.0.1',
    ]),
  },
  {
    title: 'user names and passwords',
    cases: each('userinfo', PUBLIC, [
      'https://user@example.com/',
      'https://user:password@example.com/',
      'https://:password@example.com/',
      'https://@example.com/',
      'https://:@example.com/',
      'https://example.com@10.0.0.1/',
      'https://example.com:443@10.0.0.1/',
      'https://10.0.0.1@example.com/',
      'https://a@b@example.com/',
      'https://example.com%2f@10.0.0.1/',
      'https://example.com%40@10.0.0.1/',
      'https://[::1]@example.com/',
      'https://user@[::1]/',
      'https://example.com&@10.0.0.1/',
      'https://example.com;@10.0.0.1/',
      'https://user@',
    ]),
  },
  {
    title: 'ports',
    cases: each('port', PUBLIC, [
      'https://example.com:80/',
      'https://example.com:8443/',
      'https://example.com:22/',
      'https://example.com:444/',
      'https://example.com:0/',
      'https://example.com:00/',
      'https://example.com:65535/',
      'https://example.com:65536/',
      'https://example.com:65979/',
      'https://example.com:4294967739/',
      `https://example.com:${'9'.repeat(400)}/`,
      'https://example.com:443:80/',
      'https://example.com::443/',
      'https://example.com:443:/',
      'https://example.com:-443/',
      'https://example.com:+443/',
      'https://example.com:0x1bb/',
      'https://example.com:443x/',
      'https://example.com:https/',
      'https://example.com:4%343/',
      'https://example.com:\uff14\uff14\uff13/',
      'https://example.com:443.0/',
      'https://example.com:443,80/',
      'https://1.1.1.1:8443/',
      'https://[2606:4700::1111]:8443/',
      'https://[2606:4700::1111]:x/',
      'https://fe80::1/',
    ]),
  },
  {
    title: 'lengths',
    cases: [
      ...each(null, PUBLIC, [`https://example.com/${'x'.repeat(MAX_URL_CHARS - 20)}`]),
      ...each('url-too-long', PUBLIC, [
        `https://example.com/${'x'.repeat(MAX_URL_CHARS - 19)}`,
        `https://example.com/#${'x'.repeat(100_000)}`,
        `https://${'x'.repeat(MAX_URL_CHARS)}/`,
        '\u0000'.repeat(MAX_URL_CHARS + 1),
      ]),
      ...each('host-invalid', PUBLIC, [
        `https://${NAME_253}b/`,
        `https://a${NAME_253}/`,
        `https://a${LABEL_63}.example/`,
        `https://${'a.'.repeat(127)}example/`,
        `https://${'a'.repeat(8_000)}/`,
        `https://${'1.'.repeat(4_000)}1/`,
      ]),
    ],
  },
  {
    title: 'hosts that are neither a name nor an address',
    cases: hosts('host-invalid', PUBLIC, [
      '.example.com example..com ..example.com .com a.b..c',
      'exa!mple.com exa$mple.com exa&mple.com exa,mple.com exa;mple.com exa=mple.com exa+mple.com exa~mple.com',
      `exa'mple.com exa"mple.com exa\`mple.com exa(mple).com exa{mple}.com exa*mple.com *.example.com`,
      'exa<mple.com exa>mple.com exa^mple.com exa|mple.com a%00b.example.com a%0ab.example.com example.com%',
      'example.com%zz a%20b.example.com a%2fb.example.com a%3ab.example.com a%40b.example.com a%5cb.example.com',
      'example.com[ [example.com] [example.com example.com] ex[am]ple.com',
    ]),
  },
  {
    title: 'hosts in other alphabets, or percent-encoded',
    cases: [
      ...hosts('host-confusable', PUBLIC, [
        'b\u00fccher.example ex\u00e4mple.com \u0435xample.com \u0435\u0445\u0430m\u0440le.com stra\u00dfe.example',
        'example\u3002com example\uff0ecom example\uff61com \uff45\uff58ample.com \u24d4xample.com e\u0301xample.com',
        'ex%61mple.com %65%78%61%6d%70%6c%65.com example%2ecom example.%63om %E4%BE%8B.example xn--bcher-kva.ex%61mple',
        '1.1.1\uff0e1 \uff11.1.1.1 1%2e1%2e1%2e1 \u2460.1.1.1 %31.1.1.1 1.1.1.\uff11',
        'example.com%2e',
      ]),
      // What it stands for is told first, where that is refused.
      ...hosts('address', PUBLIC, [
        '\uff11\uff12\uff17.0.0.1 127\u30020\u30020\u30021 127%2e0%2e0%2e1 %31%32%37.1 \u2460\u2461\u2466.0.0.1 0\uff587f.1',
        '1\uff10.0.0.1',
      ]),
      ...hosts('special-name', PUBLIC, ['\uff4cocalhost %6cocalhost \u24dbocalhost']),
      ...hosts('metadata', PUBLIC, ['169.254.169.\uff12\uff15\uff14 169%2e254%2e169%2e254']),
    ],
  },
  {
    title: 'a dot at the end',
    cases: [
      ...hosts('host-not-canonical', PUBLIC, [
        'example.com. EXAMPLE.com. 1.1.1.1. 1.1.1. 1.1.',
        `${NAME_253}.`,
      ]),
      ...hosts('host-invalid', PUBLIC, ['example.com.. 1.1.1.1..']),
      ...hosts('address', PUBLIC, ['127.0.0.1. 10.0.0.1. 127.1. 0x7f000001.']),
      ...hosts('metadata', PUBLIC, ['169.254.169.254.']),
      ...hosts('special-name', PUBLIC, ['localhost. foo.internal. intranet.']),
    ],
  },
];

const ADDRESSES: readonly Group[] = [
  {
    title: 'public addresses, DNS not asked',
    cases: [
      ...hosts(null, null, [
        '1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255',
        '169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0 192.31.195.255 192.31.197.0',
        '192.52.192.255 192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0 192.175.47.255 198.17.255.255',
        '198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255',
        '[2606:4700::1111] [2606:4700:0:0:0:0:0:1111] [2606:4700:0000::0:1111] [2A00:1450:4001::200E] [2001:200::]',
        '[2001:4860:4860::8888] [2001:db7::1] [2001:db9::1] [2003::1] [2620:4f:7fff::] [2620:4f:8001::] [3ffe::1]',
        '[3fff:1000::] [2606:4700::1.1.1.1] [64:ff9b::1.1.1.1] [64:ff9b::808:808] [0064:FF9B::8.8.8.8]',
      ]),
      ...hosts(null, ['10.0.0.1'], ['1.1.1.1 [2606:4700::1111]']),
    ],
  },
  {
    title: 'special IPv4 addresses',
    cases: hosts('address', PUBLIC, [
      '0.0.0.0 0.0.0.1 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.0 127.0.0.1 127.255.255.255',
      '169.254.0.0 169.254.255.255 172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.8 192.0.0.9 192.0.0.10 192.0.0.170',
      '192.0.0.171 192.0.0.255 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.88.99.2 192.168.0.0 192.168.255.255',
      '192.175.48.1 198.18.0.0 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255',
    ]),
  },
  {
    title: 'other spellings of special IPv4 addresses',
    cases: hosts('address', PUBLIC, [
      '127.1 127.0.1 0x7f.1 0x7f.0.0.1 0x7F.0x0.0x0.0x1 0177.1 0177.0.0.1 00000177.0.0.1 0x7f000001 2130706433 017700000001',
      '127.0x1 127.0.0x1 0177.0x0.1 127.0.0.01 127.00.0.1 127.000.000.001 0x7f.0x000001 0x0000000000000000007f.1',
      '0 00 0x0 0x 0.0 10.1 012.0.0.1 0xa.1 0xa000001 167772161 192.168.257 3232235777 0xc0a80101 0300.0250.1.1',
      '172.1048577 0254.020.0.1 0x64.64.1 4294967295 0xffffffff 037777777777 255.255.65535 224.1 3758096385',
    ]),
  },
  {
    title: 'other spellings of public IPv4 addresses',
    cases: hosts('host-not-canonical', PUBLIC, [
      '1.1 1.1.1 16843009 0x01010101 0X01010101 01.1.1.1 1.1.1.01 0x1.1.1.1 8.8.2056 8.525320 134744072 010.8.8.8 001.001.001.001',
    ]),
  },
  {
    title: 'numbers that are no IPv4 address',
    cases: hosts('host-invalid', PUBLIC, [
      '256.0.0.1 1.256.0.1 1.1.1.256 1.1.65536 1.16777216 4294967296 0x100000000 040000000000 99999999999999999999',
      '1.2.3.4.5 127.0.0.1.1 1..1 1.1.1..1 .1.1.1.1 08.1.1.1 1.1.1.09 0x1g.1.1.1 example.1 example.0x1 a.1.1.1',
    ]),
  },
  {
    title: 'special IPv6 addresses',
    cases: hosts('address', PUBLIC, [
      '[::] [::0] [0:0:0:0:0:0:0:0] [::0.0.0.0] [::1] [0::1] [0:0:0:0:0:0:0:1] [0000:0000:0000:0000:0000:0000:0000:0001] [::0.0.0.1]',
      '[100::] [100::1] [100:0:0:1::1] [64:ff9b:1::1] [64:ff9b:1:ffff::1] [2001::] [2001::1] [2001:1::1] [2001:1::2] [2001:1::3]',
      '[2001:2::1] [2001:3::1] [2001:4:112::1] [2001:10::1] [2001:20::1] [2001:30::1] [2001:1ff:ffff::1] [2001:db8::1]',
      '[2001:DB8:FFFF::1] [2002::] [2002:808:808::1] [2620:4f:8000::1] [3fff::1] [3fff:fff::1] [5f00::1] [fc00::1] [fd00::1]',
      '[fdff:ffff::1] [fe80::1] [febf::1] [fec0::1] [feff::1] [ff00::1] [ff02::1] [FF0E::1] [4000::1] [8000::1] [e000::1] [1fff::1]',
    ]),
  },
  {
    title: 'IPv4 inside IPv6',
    cases: hosts('address', PUBLIC, [
      '[::ffff:127.0.0.1] [::ffff:7f00:1] [::FFFF:7F00:0001] [0:0:0:0:0:ffff:127.0.0.1] [::ffff:10.0.0.1] [::ffff:8.8.8.8] [::ffff:0:0]',
      '[::127.0.0.1] [::7f00:1] [::8.8.8.8] [::10.0.0.1] [::ffff:0:127.0.0.1] [::ffff:0:8.8.8.8]',
      '[64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b::10.0.0.1] [64:ff9b::192.168.0.1] [64:ff9b::0.0.0.0] [64:ff9b::224.0.0.1]',
      '[64:ff9b:1::8.8.8.8] [64:ff9b:1::10.0.0.1] [2002:7f00:1::] [2002:a00:1::1] [2002:c0a8:101::1]',
      '[2001:0:808:808::f5ff:fffe] [2001:0:a00:1::f7f7:f7f7]',
    ]),
  },
  {
    title: 'brackets that hold no IPv6 address',
    cases: hosts('host-invalid', PUBLIC, [
      '[::1 ::1] [] [:] [:::] [1::2::3] [12345::] [1:2:3:4:5:6:7] [1:2:3:4:5:6:7:8:9] [::g] [::1.2.3] [::1.2.3.4.5] [::256.1.1.1]',
      '[::01.2.3.4] [::ffff:0x7f.0.0.1] [1.1.1.1] [127.0.0.1] [v1.x] [::1]x [::1].example.com x[::1] [[::1]] [::1][::1]',
      '[fe80::1%eth0] [fe80::1%25eth0] [::1%] [::1%251] [2606:4700::1111%25eth0] [::1%00] [\u0661::1] [::\uff11]',
    ]),
  },
  {
    title: 'metadata services',
    cases: hosts('metadata', PUBLIC, [
      '169.254.169.254 169.254.170.2 169.254.170.23 169.254.0.23 169.254.10.10 169.254.42.42 100.100.100.200 192.0.0.192 168.63.129.16',
      '[fd00:ec2::254] [FD00:0EC2:0:0:0:0:0:254] [fd00:ec2::23] [fd20:ce::254] [fd00:c1::a9fe:a9fe] [fd00:42::42]',
      '[fd00:a9fe:a9fe::1] [fd00:100::100:200] [fe80::a9fe:a9fe] [fe80::169.254.169.254]',
      '2852039166 0xa9fea9fe 0xa9.0xfe.0xa9.0xfe 0251.0376.0251.0376 169.254.43518 169.16689662 025177524776 169.254.169.0376',
      '[::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [::169.254.169.254] [::ffff:0:169.254.169.254] [64:ff9b::169.254.169.254]',
      '[64:ff9b::a9fe:a9fe] [64:ff9b:1::a9fe:a9fe] [2002:a9fe:a9fe::1] [2001::5601:5601] [64:ff9b::168.63.129.16]',
      '[::ffff:168.63.129.16] [::ffff:100.100.100.200]',
    ]),
  },
];

const NAMES: readonly Group[] = [
  {
    title: 'what names resolve to',
    cases: [
      ...answers(null, [
        '1.1.1.1',
        '1.1.1.1 8.8.8.8',
        '2606:4700::1111',
        '1.1.1.1 2606:4700::1111',
        '64:ff9b::101:101',
        '64:ff9b::1.1.1.1',
      ]),
      ...answers('address', [
        '10.0.0.1',
        '127.0.0.1',
        '1.1.1.1 10.0.0.1',
        '10.0.0.1 1.1.1.1',
        '1.1.1.1 8.8.8.8 9.9.9.9 192.168.1.1',
        '1.1.1.1 ::1',
        '2606:4700::1111 fe80::1',
        '0.0.0.0',
        '::',
        '::ffff:127.0.0.1',
        '::ffff:1.1.1.1',
        '64:ff9b::10.0.0.1',
        '2002:7f00:1::1',
        '198.18.0.1',
        '255.255.255.255',
        // No resolver writes addresses like these; what is not understood is not dialled.
        '127.1',
        '0x01010101',
        '1.1.1.01',
        'fe80::1%eth0',
        '2606:4700::1111%eth0',
        '[2606:4700::1111]',
        'example.com',
        '1.1.1.1,8.8.8.8',
      ]),
      ...answers('metadata', [
        '169.254.169.254',
        '1.1.1.1 169.254.169.254',
        '168.63.129.16',
        '::ffff:169.254.169.254',
        '64:ff9b::a9fe:a9fe',
        'fd00:ec2::254',
      ]),
      ...each('unresolved', null, ['https://hooks.example/', 'https://gone.example.com/x']),
      ...each('unresolved', [], ['https://hooks.example/']),
      ['https://hooks.example/', [''], 'address'],
    ],
  },
  {
    title: 'names that no public server has',
    cases: hosts('special-name', PUBLIC, [
      'localhost LOCALHOST foo.localhost a.b.localhost local printer.local internal metadata.google.internal vault.internal',
      'test hooks.test invalid x.invalid onion abc.onion alt x.alt home.arpa router.home.arpa 1.0.0.127.in-addr.arpa',
      'ipv4only.arpa resolver.arpa service.arpa eap.arpa 6tisch.arpa 8.e.f.ip6.arpa intranet kubernetes redis com example_host',
    ]),
  },
];

const ALLOWED: readonly Group[] = [
  {
    title: '--allow-http',
    policy: { allowHttp: true },
    cases: [
      ...each(null, PUBLIC, [
        'http://example.com/',
        'http://example.com:80/',
        'https://example.com/',
        'HTTP://1.1.1.1/',
      ]),
      ...each('port', PUBLIC, [
        'http://example.com:443/',
        'http://example.com:8080/',
        'https://example.com:80/',
      ]),
      ...each('scheme', PUBLIC, ['ftp://example.com/', 'ws://example.com/']),
      ...each('url-invalid', PUBLIC, ['http:/example.com', 'http:example.com']),
      ...each('userinfo', PUBLIC, ['http://a@example.com/']),
      ...each('address', PUBLIC, ['http://127.0.0.1/', 'http://[::1]/']),
      ...each('special-name', PUBLIC, ['http://localhost/']),
    ],
  },
  {
    title: '--allow-port',
    policy: { allowPorts: [8443, 9000] },
    cases: [
      ...each(null, PUBLIC, [
        'https://example.com:8443/',
        'https://example.com:9000/',
        'https://example.com:08443/',
      ]),
      ...each('port', PUBLIC, [
        'https://example.com:8444/',
        'https://example.com:80/',
        'https://example.com:0/',
      ]),
      ...each('scheme', PUBLIC, ['http://example.com:8443/']),
      ...each('address', PUBLIC, ['https://10.0.0.1:8443/']),
    ],
  },
  {
    title: '--allow-port 0',
    policy: { allowPorts: [0] },
    cases: [
      ...each(null, PUBLIC, [
        'https://example.com:1/',
        'https://example.com:80/',
        'https://example.com:65535/',
      ]),
      ...each('port', PUBLIC, ['https://example.com:0/', 'https://example.com:65536/']),
    ],
  },
  {
    title: '--allow-net',
    policy: {
      allowNets: [
        '10.1.0.0/16',
        '127.0.0.0/8',
        '::1/128',
        'fd12::/16',
        '169.254.0.0/16',
        '168.63.0.0/16',
        'fc00::/7',
      ],
    },
    cases: [
      ...hosts(null, null, [
        '10.1.0.0 10.1.255.255 127.0.0.1 [::1] [fd12::1] 169.254.1.1 1.1.1.1 [64:ff9b::10.1.2.3]',
      ]),
      ...hosts('address', null, [
        '10.0.255.255 10.2.0.0 192.168.0.1 [::ffff:10.1.0.1] [::10.1.0.1] [2002:a01:1::1] [::] [64:ff9b::10.2.0.0]',
      ]),
      ...hosts('host-not-canonical', null, ['127.1 0x0a010001 10.1.1']),
      ...hosts('metadata', null, [
        '169.254.169.254 168.63.129.16 [fd00:ec2::254] [::ffff:169.254.169.254] [64:ff9b::169.254.169.254]',
      ]),
      ...answers(null, ['10.1.2.3', '10.1.2.3 1.1.1.1', '::1 127.0.0.1']),
      ...answers('address', ['10.2.0.1', '10.1.2.3 10.2.0.1', '::ffff:10.1.2.3']),
      ...hosts(null, ['127.0.0.1', '::1'], ['localhost foo.localhost']),
      ...hosts(null, ['10.1.2.3'], ['intranet vault.internal router.home.arpa hooks.test']),
      ...hosts('special-name', ['1.1.1.1'], ['intranet vault.internal localhost']),
      ...hosts('special-name', ['10.1.2.3', '1.1.1.1'], ['intranet']),
      ...hosts('address', ['10.2.0.1'], ['intranet vault.internal']),
      ...hosts('metadata', ['169.254.169.254'], ['metadata.google.internal']),
      ...hosts('unresolved', null, ['intranet']),
    ],
  },
  {
    title: '--allow-net of one metadata service',
    policy: { allowNets: ['169.254.169.254/32', 'fd00:ec2::254/128', '::ffff:169.254.170.2/128'] },
    cases: [
      ...hosts(null, null, [
        '169.254.169.254 [fd00:ec2::254] [64:ff9b::169.254.169.254] [::ffff:169.254.170.2]',
      ]),
      ...hosts('metadata', null, [
        '169.254.170.2 100.100.100.200 [fd00:ec2::23] [::ffff:169.254.169.254] [2002:a9fe:a9fe::1]',
      ]),
      ...hosts('address', null, ['169.254.169.253 10.0.0.1']),
      ...hosts(null, ['169.254.169.254'], ['hooks.example metadata.google.internal']),
    ],
  },
  {
    title: '--allow-net of everything',
    policy: { allowNets: ['0.0.0.0/0', '::/0'] },
    cases: [
      ...hosts(null, null, [
        '10.0.0.1 127.0.0.1 0.0.0.0 255.255.255.255 [::1] [::ffff:10.0.0.1] [2002:a00:1::] [ff02::1]',
      ]),
      ...hosts('metadata', null, [
        '169.254.169.254 100.100.100.200 168.63.129.16 [fd00:ec2::254] [::ffff:a9fe:a9fe]',
      ]),
      ...hosts(null, ['8.8.8.8'], ['localhost intranet']),
      ...each('port', null, ['https://10.0.0.1:8443/']),
      ...each('scheme', null, ['http://10.0.0.1/']),
    ],
  },
  {
    title: '--allow-host',
    policy: {
      allowHosts: [
        'hooks.corp.example',
        '*.svc.internal',
        'intranet',
        'LOCALHOST',
        '10.9.8.7',
        'fd00::0:7',
        '169.254.169.254',
      ],
    },
    cases: [
      ...hosts(
        null,
        ['10.0.0.1', '127.0.0.1', 'fe80::1'],
        ['hooks.corp.example HOOKS.corp.EXAMPLE a.svc.internal a.b.svc.internal intranet'],
      ),
      ...hosts(null, ['1.1.1.1'], ['hooks.corp.example a.svc.internal intranet']),
      ...hosts(null, ['127.0.0.1', '::1'], ['localhost']),
      ...hosts(null, null, ['10.9.8.7 [fd00::7] [FD00:0::7] 169.254.169.254']),
      ...hosts(
        'address',
        ['10.0.0.1'],
        ['corp.example x.hooks.corp.example hooks.corp.example.com xsvc.example'],
      ),
      ...hosts(
        'special-name',
        ['10.0.0.1'],
        ['svc.internal other.internal xsvc.internal foo.localhost intranet2'],
      ),
      ...hosts('address', null, ['10.9.8.6 [fd00::8] [::ffff:10.9.8.7]']),
      ...hosts('metadata', null, ['169.254.170.2 [::ffff:169.254.169.254]']),
      ...hosts('host-not-canonical', null, ['10.9.2055 2852039166']),
      ...hosts('host-not-canonical', ['10.0.0.1'], ['hooks.corp.example.']),
      ...hosts('metadata', ['169.254.169.254'], ['hooks.corp.example a.svc.internal intranet']),
      ...hosts('metadata', ['::ffff:169.254.169.254'], ['hooks.corp.example']),
      ...hosts('address', ['0.0.0.0'], ['hooks.corp.example']),
      ...hosts('address', ['::'], ['hooks.corp.example']),
      ...hosts('address', ['224.0.0.1'], ['hooks.corp.example']),
      ...hosts('address', ['ff02::1'], ['hooks.corp.example']),
      ...hosts('address', ['10.0.0.1', '255.255.255.255'], ['hooks.corp.example']),
      ...hosts('unresolved', null, ['hooks.corp.example']),
      ...each('port', ['10.0.0.1'], ['https://hooks.corp.example:8443/']),
      ...each('scheme', ['10.0.0.1'], ['http://hooks.corp.example/']),
    ],
  },
  {
    title: 'all at once',
    policy: { allowHttp: true, allowNets: ['127.0.0.0/8'], allowHosts: ['hooks.internal'], allowPorts: [0] },
    cases: [
      ...each(
        null,
        ['10.0.0.1'],
        ['http://hooks.internal:8080/', 'https://127.0.0.1:8443/', 'http://127.0.0.1:1/'],
      ),
      ...each('address', ['10.0.0.1'], ['http://10.0.0.1:8080/', 'http://hooks.example:8080/']),
      ...each('userinfo', ['10.0.0.1'], ['http://a@127.0.0.1:8080/']),
      ...each('character', ['10.0.0.1'], ['http://127.0.0.1\t:8080/']),
    ],
  },
];

export const URL_CASES: readonly UrlCase[] = [...WRITTEN, ...ADDRESSES, ...NAMES, ...ALLOWED].flatMap(
  ({ title, policy = {}, cases }) =>
    cases.map(([url, resolvesTo, code]) => ({ group: title, policy, url, resolvesTo, code })),
);
