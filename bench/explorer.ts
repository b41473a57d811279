import { HELP, readOptions } from './explorer/options.ts';

try {
  const options = readOptions(process.argv.slice(2));
  if (options) await (await import('./explorer/main.ts')).main(options);
  else process.stdout.write(HELP);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
