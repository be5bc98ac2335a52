/**
 * A stand-in for HashiCorp Vault: a real server that answers as the HTTP API of its KV engine does, in both versions
 * (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2, status codes and errors as in /vault/api-docs).
 */
import { once } from 'node:events';
import http, { type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { Signal } from '../signal.ts';
import type { Certificate } from './certificate.ts';

/** Answers one request in place of the engine. */
export type Reply = (response: ServerResponse) => void;

interface Entry {
  readonly data: Record<string, unknown>;
  readonly version: number;
  readonly deleted: boolean;
}

export class VaultServer {
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders }[] = [];
  /** Raised at each request. */
  readonly requested = new Signal();
  /** Taken one by one by the next requests, before anything else. */
  readonly replies: Reply[] = [];
  readonly tokens = new Set<string>();
  /** By mount: the version of its engine. */
  readonly mounts = new Map<string, 1 | 2>([['secret', 2]]);
  warnings: readonly string[] | null = null;
  readonly #entries = new Map<string, Entry>();
  #address = '';

  /** Listens on 127.0.0.1 until the test has ended; with a certificate over https. */
  static async start(t: TestContext, certificate?: Certificate): Promise<VaultServer> {
    const vault = new VaultServer();
    const listener: RequestListener = (request, response) => {
      vault.requests.push({ path: request.url!, headers: request.headers });
      const reply = vault.replies.shift();
      const token = String(request.headers['x-vault-token'] ?? '');
      (reply ?? vault.#replyTo(request.url!, token))(response);
      vault.requested.raise();
    };
    const server =
      certificate === undefined ? http.createServer(listener) : https.createServer(certificate, listener);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    const { port } = server.address() as AddressInfo;
    vault.#address = `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
    return vault;
  }

  get address(): string {
    return this.#address;
  }

  /** Writes a new version of an entry, at MOUNT/PATH. */
  put(entry: string, data: Record<string, unknown>): void {
    const version = (this.#entries.get(entry)?.version ?? 0) + 1;
    this.#entries.set(entry, { data, version, deleted: false });
  }

  /** Deletes the newest version of an entry. */
  delete(entry: string): void {
    this.#entries.set(entry, { ...this.#entries.get(entry)!, deleted: true });
  }

  #replyTo(url: string, token: string): Reply {
    const [, mount = '', rest = ''] = /^\/v1\/([^/]+)\/(.+)$/.exec(url) ?? [];
    if (token === '') return errors(400, 'missing client token');
    if (!this.tokens.has(token)) return errors(403, 'permission denied', 'invalid token');
    const engine = this.mounts.get(mount);
    if (engine === undefined) return errors(404, `no handler for route "${mount}/${rest}"`);
    if (engine === 2 && !rest.startsWith('data/'))
      return json(404, { warnings: ['Invalid path for a versioned K/V secrets engine'] });
    const entry = this.#entries.get(`${mount}/${engine === 2 ? rest.slice('data/'.length) : rest}`);
    if (entry === undefined) return errors(404);
    return json(entry.deleted ? 404 : 200, {
      request_id: '0',
      lease_duration: 0,
      renewable: false,
      data: engine === 1 ? entry.data : withMetadata(entry),
      warnings: this.warnings,
    });
  }
}

function withMetadata({ data, version, deleted }: Entry) {
  const times = {
    created_time: '2026-01-01T00:00:00Z',
    deletion_time: deleted ? '2026-01-02T00:00:00Z' : '',
  };
  return { data: deleted ? null : data, metadata: { ...times, destroyed: false, version } };
}

/** An answer in JSON. */
export function json(status: number, body: unknown): Reply {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}

/** An answer of errors, as Vault gives them. */
export function errors(status: number, ...texts: string[]): Reply {
  return json(status, { errors: texts });
}
