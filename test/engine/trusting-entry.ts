/** What a sending thread runs in tests with https: the real entry, trusting the test receivers' certificate. */
import { setDefaultCACertificates } from 'node:tls';
import { TEST_CERTIFICATE } from '../receiver.ts';

setDefaultCACertificates([TEST_CERTIFICATE.toString()]);

export { default } from '../../src/thread/entry.ts';
