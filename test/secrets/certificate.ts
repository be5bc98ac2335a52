/** A certificate for this machine's loopback, made by openssl for the time of a test. */
import { execFileSync } from 'node:child_process';

export interface Certificate {
  /** PEM, as all of them. It is its own authority. */
  readonly cert: string;
  readonly key: string;
}

export function loopbackCertificate(): Certificate {
  const args = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 2 -subj /CN=vault';
  const pem = execFileSync(
    'openssl',
    [...args.split(' '), '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', '-', '-out', '-'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const part = (name: string) =>
    new RegExp(`-----BEGIN ${name}-----[\\s\\S]+?-----END ${name}-----\n`).exec(pem)![0];
  return { cert: part('CERTIFICATE'), key: part('PRIVATE KEY') };
}
