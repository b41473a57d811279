import { join } from 'node:path';
import { installSdks } from './install-sdks.ts';
import { runOrExit } from './run-or-exit.ts';

/** `npm run test:adapters [-- FILES]`: installs the SDKs if they are missing, then checks the types of the adapters and runs their tests. */
const ADAPTERS = import.meta.dirname;
const BIN = join(ADAPTERS, '../../node_modules/.bin');

installSdks();
runOrExit(join(BIN, 'tsc'), ['--noEmit', '-p', ADAPTERS], ADAPTERS);
const config = join(ADAPTERS, 'vitest.config.ts');
runOrExit(join(BIN, 'vitest'), ['run', '--config', config, ...process.argv.slice(2)], ADAPTERS);
