/** Volley as a library. */
export type { QueueStats } from './broker/broker.ts';
export type { VolleyEvent } from './delivery/event.ts';
export { Engine, type EngineOptions, type EngineSnapshot, type Settled } from './engine.ts';
export { type ErrorCode, VolleyError } from './errors.ts';
export { checkUrl, type UrlCheck } from './guard/check-url.ts';
export type { GuardPolicy } from './guard/policy.ts';
export { Publisher, type PublisherOptions } from './publish/publisher.ts';
export { fixedSecrets } from './secrets/fixed.ts';
export { type SecretProvider, secretProvider } from './secrets/provider.ts';
export type { SignatureScheme } from './signing/schemes.ts';
export { type SignedRequest, type Verified, verify } from './signing/verify.ts';
