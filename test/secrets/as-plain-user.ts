/**
 * Runs the command line as a user who is not root, whoever runs the tests: everything is loaded first, as that user may
 * not be allowed to read the checkout.
 */
import { main } from '../../src/cli/main.ts';
import '../../src/cli/worker.ts';
import '../../src/engine.ts';

/** The number of `nobody`. */
const NOBODY = 65_534;

if (process.getuid?.() === 0) {
  process.setgroups!([]);
  process.setgid!(NOBODY);
  process.setuid!(NOBODY);
}
await main(process.argv.slice(2));
