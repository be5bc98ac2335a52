/**
 * Runs the command line as a user who is not root, whoever runs the tests: everything is loaded first, as that user may
 * not be allowed to read the checkout.
 */
import { main } from '../../src/cli/main.ts';
import '../../src/cli/worker.ts';
import '../../src/engine.ts';
import { becomePlainUser } from '../plain-user.ts';

becomePlainUser();
await main(process.argv.slice(2));
