import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const PRINT = new URL('../../src/commands/print.ts', import.meta.url).href;

/** Runs a program of a module that has `print`, in a shell, and returns what it says on both ways out. */
async function run(program: string, reader = 'cat'): Promise<{ stdout: string; stderr: string }> {
  const code = `import { print } from '${PRINT}';\n${program}`;
  const line = `"$0" --input-type=module -e "$1" | ${reader}; echo "\${PIPESTATUS[0]}"`;
  return promisify(execFile)('bash', ['-c', line, process.execPath, code]);
}

it('prints again and again, with no warning of listeners', async () => {
  const { stdout, stderr } = await run(
    "for (let count = 0; count < 40; count += 1) await print([count + '\\n']);",
  );
  expect(stdout.split('\n')).toHaveLength(42);
  expect(stderr).toBe('');
});

it('asks for no more, without an error, when the reader has gone', async () => {
  const program = `let asked = 0;
    async function* lines() { for (;;) { asked += 1; yield 'line\\n'.repeat(10_000); await new Promise(setImmediate); } }
    await print(lines());
    await print(['more\\n']);
    console.error(asked < 10_000 ? 'ended' : 'went on');`;
  expect(await run(program, 'head -1')).toEqual({ stdout: 'line\n0\n', stderr: 'ended\n' });
});

it('an error of what is to be printed is the error of the print', async () => {
  const program = `async function* lines() { yield 'one\\n'; throw new Error('No more.'); }
    await print(lines()).catch(({ message }) => console.error(message));`;
  expect(await run(program)).toEqual({ stdout: 'one\n0\n', stderr: 'No more.\n' });
});
