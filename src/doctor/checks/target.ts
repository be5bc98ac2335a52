/** Checks of one receiver: the guard's opinion, connection, TLS, certificate, answer, packet size, clock. */
import { msShown } from '../amounts.ts';
import { type Check, fail, type Judgement, ok, unread, warn } from '../check.ts';
import type { Facts, TargetContact, TlsFacts } from '../facts.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
/** How long before its end a certificate's renewal is late: most are renewed a month before. */
const ENDS_SOON_MS = 14 * DAY_MS;
/** A connection or handshake that takes longer uses up half of the connect time-out (2 s), in milliseconds. */
const SLOW_CONNECT_MS = 1_000;
/** Clocks that are further apart than a `Date` of whole seconds and a slow answer explain, in milliseconds. */
const SKEWED_MS = 5_000;
/** Half of the five minutes that Standard Webhooks allows, in milliseconds. */
const FAR_SKEWED_MS = 150_000;
/** What a reason begins with when a name has no address that could be judged. */
const UNRESOLVED = 'unresolved:';
/** What OpenSSL says of an answer that is no TLS. */
const NO_TLS = 'ERR_SSL_WRONG_VERSION_NUMBER';
/** What a receiver says that asked for a client certificate and got none (RFC 8446 §6.2); it comes after the handshake. */
const WANTS_CERTIFICATE = 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED';

/** A check of a target that was called. */
function contactCheck(
  id: string,
  title: string,
  judge: (contact: TargetContact, facts: Facts) => Judgement | null,
): Check {
  return {
    id,
    title,
    judge: (facts) => (facts.target?.contact ? judge(facts.target.contact, facts) : null),
  };
}

export const TARGET_CHECKS: readonly Check[] = [
  {
    id: 'target-guard',
    title: 'may be delivered to',
    judge: ({ target }) => {
      if (target === null) return null;
      const { url, guard, settings, proxy } = target;
      if (!guard.allowed)
        return fail(
          `${url}: ${guard.reason}`,
          guard.reason!.startsWith(UNRESOLVED)
            ? `correct the name, or see what the name servers say: dig ${hostOf(url)}, /etc/resolv.conf, --dns-server; nobody was called`
            : 'correct the URL, or open it as the reason says; nobody was called',
        );
      const evidence = settings === null ? url : `${url}, by its settings at ${settings}`;
      return proxy === null
        ? ok(evidence)
        : unread(
            `${evidence}, through the proxy ${proxy}: nobody was called`,
            `see whether the proxy takes you there: curl -v -m 5 -p -x ${proxy} ${url}`,
          );
    },
  },
  contactCheck('target-connection', 'connection', ({ connection }) => {
    const fix =
      'verify egress firewall rules for its port, the route, and that the receiver listens: curl -v -m 5 URL';
    if ('unread' in connection) return fail(connection.unread, fix);
    const { address, ms } = connection.value;
    const evidence = `${address} in ${msShown(ms)}`;
    return ms > SLOW_CONNECT_MS
      ? warn(
          evidence,
          'a SYN was lost or the way is long: look for packet loss (mtr), or raise --connect-timeout',
        )
      : ok(evidence);
  }),
  contactCheck('target-tls', 'TLS', judgeTls),
  contactCheck('target-certificate', 'certificate', ({ tls }, { target }) =>
    tls === null || 'unread' in tls ? null : judgeCertificate(tls.value, addressOf(target!.url)),
  ),
  contactCheck('target-answer', 'answer', ({ connection, tls, small }) => {
    // The checks of what a request goes over have told why there was none.
    if ('unread' in connection || (tls !== null && 'unread' in tls)) return null;
    if ('unread' in small) return fail(small.unread, silenceFix(small.code, tls === null));
    const { status, ms } = small.value;
    const evidence = `HEAD ${status} in ${msShown(ms)}`;
    // 4xx is what an endpoint for POST with signatures may well say to an unsigned HEAD.
    return status >= 500 ? warn(evidence, 'the receiver is in trouble: see its own log') : ok(evidence);
  }),
  contactCheck('target-packet-size', 'large packets', ({ large }, { target }) => {
    if (large === null) return null;
    if ('unread' in large)
      return fail(
        `a small request is answered, one of several full packets is not: ${large.unread}`,
        `find the largest packet with "ping -M do -s 1472 ${hostOf(target!.url)}" and lower it until it passes; set that MTU (and 28) on the interface, or net.ipv4.tcp_mtu_probing=1`,
      );
    return ok(`a request of several packets is answered (${large.value.status})`);
  }),
  contactCheck('target-clock', "clock against the receiver's", ({ small }) => {
    if ('unread' in small) return null;
    const { aheadMs } = small.value;
    if (aheadMs === null) return unread('the answer has no Date', 'compare with another receiver');
    const evidence = `this clock is ${Math.abs(aheadMs / 1_000).toFixed(1)} s ${aheadMs < 0 ? 'behind' : 'ahead'}`;
    const fix = 'synchronise this machine (chronyc tracking, timedatectl); if it is, the receiver should';
    if (Math.abs(aheadMs) > FAR_SKEWED_MS) return fail(evidence, fix);
    return Math.abs(aheadMs) > SKEWED_MS ? warn(evidence, fix) : ok(evidence);
  }),
];

/** What to do about a receiver that takes the connection and gives no answer. */
function silenceFix(code: string, isPlain: boolean): string {
  if (code === WANTS_CERTIFICATE)
    return 'it wants a client certificate: give client-certificate and client-key in its settings (--config, --destination)';
  const advice = 'the receiver took the connection and gave no answer: see its own log';
  return isPlain ? `${advice}, and whether it wants https://` : advice;
}

function judgeTls({ connection, tls, versions }: TargetContact, { target }: Facts): Judgement | null {
  if (tls === null)
    return warn('none: http://', 'use https://: over http anyone on the way reads and changes payloads');
  if ('unread' in connection) return null;
  const taken = versions.filter(({ error }) => error === null).map(({ version }) => version);
  if ('unread' in tls) {
    const look = `openssl s_client -connect ${addressOf(target!.url)}`;
    if (tls.code === NO_TLS)
      return fail(
        tls.unread,
        `something else than TLS is spoken there: correct the URL's port, or http: ${look}`,
      );
    return fail(
      tls.unread,
      taken.length === 0 ? `the receiver must offer TLS 1.2 or 1.3: ${look}` : `compare with ${look}`,
    );
  }
  const { version, cipher, handshakeMs } = tls.value;
  const evidence = `${version}, ${cipher}, handshake ${msShown(handshakeMs)}; takes ${taken.join(' and ')}`;
  if (handshakeMs > SLOW_CONNECT_MS)
    return warn(evidence, 'the way is long or the receiver busy: raise --connect-timeout for it');
  return taken.includes('TLSv1.3')
    ? ok(evidence)
    : ok(`${evidence} (TLS 1.3 would save a round trip on each new connection)`);
}

/** `address` is where more of it can be seen. */
function judgeCertificate({ distrust, chain, nowMs }: TlsFacts, address: string): Judgement {
  const shown = chain.map(({ subject }) => subject).join(' ← ');
  const ended = chain.find(({ validUntilMs }) => validUntilMs < nowMs);
  if (distrust !== null && ended !== undefined)
    return fail(
      `${ended.subject} ended on ${day(ended.validUntilMs)}`,
      'the receiver has to renew it; until then every delivery fails',
    );
  if (distrust !== null) return fail(`${shown}: ${distrust}`, fixOf(distrust, address));
  // A chain may show an old root beside the one by which it is trusted.
  const ends = chain.map(({ validUntilMs }) => validUntilMs).filter((end) => end >= nowMs);
  const first = Math.min(...ends);
  const evidence = `${shown}, until ${day(first)}`;
  return first - nowMs < ENDS_SOON_MS ? warn(evidence, 'it ends soon: tell the receiver') : ok(evidence);
}

function fixOf(distrust: string, address: string): string {
  switch (distrust) {
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
      return "the receiver should send its intermediate certificates; for an authority of its own give the destination's ca, or NODE_EXTRA_CA_CERTS; or update Node, which brings the public ones";
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return "it vouches for itself: give the destination's ca with that certificate, or NODE_EXTRA_CA_CERTS";
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'it is for another name: correct the URL, or the receiver its certificate';
    default:
      return `see openssl s_client -connect ${address} -showcerts`;
  }
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function hostOf(url: string): string {
  return URL.parse(url)?.hostname ?? 'HOST';
}

/** `HOST:PORT` of an https:// URL. */
function addressOf(url: string): string {
  return `${hostOf(url)}:${URL.parse(url)?.port || 443}`;
}
