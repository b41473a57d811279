import { installPeers } from './install.ts';
import { HELP, readOptions } from './live/options.ts';

try {
  const options = readOptions(process.argv.slice(2));
  if (options) {
    if (options.contenders.includes('opencode')) installPeers();
    // A dynamic import: the packages that it needs are installed only now.
    const { main } = await import('./live/main.ts');
    await main(options);
  } else process.stdout.write(HELP);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
