/** Chooses the adapter by the scheme of `--broker`. */
import { VolleyError } from '../errors.ts';
import type { Broker, BrokerOptions } from './broker.ts';
import { RedisBroker } from './redis/redis-broker.ts';
import { SqliteBroker } from './sqlite/sqlite-broker.ts';

/** The broker a URL names, not yet open. Throws VOLLEY_CONFIG for a scheme there is no adapter for. */
export function brokerFor(url: string, options: BrokerOptions): Broker {
  const scheme = /^([a-z]+):/.exec(url)?.[1];
  switch (scheme) {
    case 'redis':
    case 'rediss':
      return new RedisBroker(url, options);
    case 'sqlite':
      return new SqliteBroker(url.slice('sqlite:'.length), options);
    default:
      throw new VolleyError(
        'VOLLEY_CONFIG',
        `--broker ${JSON.stringify(url)} is not a broker Volley knows: use redis://HOST:PORT, rediss://HOST:PORT or sqlite:FILE`,
      );
  }
}
