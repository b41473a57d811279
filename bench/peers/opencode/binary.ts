import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * The executable in the package for this platform. The package `opencode-ai` has it only after an install script
 * of its own, which may not be allowed to run.
 */
export function opencodeBinary(environment: Readonly<Record<string, string>>): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const base = `opencode-${platform}-${process.arch}`;
  // As its install script does: first the one for newer CPU instructions.
  const names = [base, `${base}-baseline`, `${base}-musl`, `${base}-baseline-musl`];
  const failures: string[] = [];
  for (const name of names) {
    try {
      const file = binaryOf(name);
      execFileSync(file, ['--version'], { env: environment, timeout: 60_000, stdio: 'ignore' });
      return file;
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message.split('\n')[0]}`);
    }
  }
  throw new Error(
    `Expected a program of opencode for this platform, got none. Run npm install in bench/.\n${failures.join('\n')}`,
  );
}

function binaryOf(name: string): string {
  const main = createRequire(import.meta.url).resolve('opencode-ai/package.json');
  const manifest = createRequire(main).resolve(`${name}/package.json`);
  return join(dirname(manifest), 'bin', process.platform === 'win32' ? 'opencode.exe' : 'opencode');
}
