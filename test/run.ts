import { relative } from 'node:path';
import { startVitest, type Vitest } from 'vitest/node';

/**
 * `npm test`: runs vitest with the files that are named, or all.
 *
 * Three times in some twenty whole runs, the process of a test file died of SIGSEGV: each time that of another file, which passed when it
 * was run again, a dozen times with core dumps turned on. It seems to be a fault of Node.js 24: no cause was found. It says nothing of
 * the tests, and vitest leaves out those that were still to come. So such a file is run once more, by itself, and the crash is told. A
 * second crash fails, as does everything else.
 */
const CRASH = /^Worker exited unexpectedly with signal SIGSEGV .* while running test file (.+)$/;

const first = await run(process.argv.slice(2));
const crashed = filesThatCrashed(first);
await first.close();
if (crashed.length > 0) {
  const names = crashed.map((file) => relative(process.cwd(), file)).join(', ');
  process.stderr.write(`\nNode.js crashed (SIGSEGV) in ${names}: once more, by itself.\n`);
  const second = await run(crashed);
  const isSound =
    second.state.getCountOfFailedTests() === 0 && second.state.getUnhandledErrors().length === 0;
  await second.close();
  process.exitCode = isSound ? 0 : 1;
}

async function run(files: readonly string[]): Promise<Vitest> {
  return startVitest('test', [...files], { run: true, watch: false });
}

/** The files whose processes crashed; none if anything else went wrong, too. */
function filesThatCrashed({ state }: Vitest): string[] {
  const errors = state.getUnhandledErrors();
  const crashed = errors.flatMap((error) => CRASH.exec(causeOf(error))?.[1] ?? []);
  return crashed.length === errors.length && state.getCountOfFailedTests() === 0 ? crashed : [];
}

function causeOf(error: unknown): string {
  const { cause, message } = error as { cause?: { message?: string }; message?: string };
  return cause?.message ?? message ?? '';
}
