/** Reads a small file as a user who is not root, whoever runs the tests, and prints what is wrong with it. */
import { readSmallFile } from '../../src/runtime/small-file.ts';
import { becomePlainUser } from '../plain-user.ts';

becomePlainUser();
const file = readSmallFile(process.argv[2]!, 100, 'name another');
console.log(file === null ? 'none' : 'fault' in file ? file.fault : 'read');
