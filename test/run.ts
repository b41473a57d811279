import { relative } from 'node:path';
import { startVitest, type Vitest } from 'vitest/node';

/**
 * `npm test`: runs vitest with the files that are named, or all.
 *
 * About once in seven whole runs, the process of a test file dies of SIGSEGV, or of SIGTRAP with "Check failed: jit_page.has_value()": V8
 * counts the pages of its compiled code for all threads of a process together, and miscounts where threads begin and end (nodejs/node
 * issue 64500). It says nothing of the tests, and vitest leaves out those that were still to come. So such a file is run once more, by
 * itself, and the crash is told. A second crash fails, as does everything else.
 */
const CRASH = /^Worker exited unexpectedly with signal (?:SIGSEGV|SIGTRAP) .* while running test file (.+)$/;

const first = await run(process.argv.slice(2));
const crashed = filesThatCrashed(first);
await first.close();
if (crashed.length > 0) {
  const names = crashed.map((file) => relative(process.cwd(), file)).join(', ');
  process.stderr.write(`\nNode.js crashed in ${names}: once more, by itself.\n`);
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
