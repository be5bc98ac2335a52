import { after, before } from 'node:test';
import { RedisBroker } from '../../src/broker/redis/redis-broker.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { brokerConformance } from './conformance.ts';

let redis: RedisServer;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

brokerConformance('the Redis broker', (options) => new RedisBroker(redis.url, options));
