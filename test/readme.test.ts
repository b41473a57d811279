import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { DEFAULT_LIMITS } from '../src/model/limits.ts';
import { hasCommand } from './cli/run.ts';
import { temporaryDirectory } from './support/repository.ts';

const ROOT = join(import.meta.dirname, '..');

interface Block {
  readonly language: string;
  readonly code: string;
}

const readme = await readFile(join(ROOT, 'README.md'), 'utf8');

function blocks(): Block[] {
  return [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, code]) => ({
    language: language!,
    code: code!.trim(),
  }));
}

/** The first cells of a table's rows, code marks taken away, by its first heading. */
function column(heading: string): string[][] {
  const [table] = readme.split(`\n| ${heading} |`).slice(1);
  const [rows] = table!.split('\n\n');
  return rows!
    .split('\n')
    .slice(2)
    .map((row) =>
      row
        .split('|')
        .slice(1, 3)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
}

/** Times and generated ids differ from run to run. */
function normalised(value: unknown): unknown {
  const text = JSON.stringify(value)
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '<time>')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>');
  return JSON.parse(text);
}

/** The server as the README starts it, but on a free port and another data directory. */
class ReadmeServer {
  readonly #directory: string;
  #child: ChildProcess | undefined;
  port = '';

  constructor(directory: string) {
    this.#directory = directory;
  }

  async start(command: string): Promise<void> {
    // In a group of its own, so that a signal reaches the server behind npm.
    const child = spawn('bash', ['-c', `${command} -- --port 0 --data '${this.#directory}/data'`], {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    for await (const line of createInterface({ input: child.stdout! })) {
      const url = /"url":"http:\/\/127\.0\.0\.1:(\d+)\/graphql"/.exec(line);
      if (!url) continue;
      this.port = url[1]!;
      child.stdout!.resume();
      return;
    }
    throw new Error('The server ended before it listened.');
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child?.pid) return;
    const closed = new Promise((resolve) => child.on('close', resolve));
    process.kill(-child.pid, 'SIGTERM');
    await closed;
  }
}

const missing = ['bash', 'curl'].filter((command) => !hasCommand(command));
it('runs every command of the README, and gives the answers that it shows', {
  timeout: 120_000,
}, async ({ skip }) => {
  skip(missing.length > 0, `there is no ${missing.join(', no ')}`);
  const directory = await temporaryDirectory();
  const server = new ReadmeServer(directory);
  onTestFinished(() => server.stop());
  const here = (code: string) =>
    code
      .replaceAll('localhost:4000', `localhost:${server.port}`)
      .replaceAll(/(?<= )\.\/(data|backup|trip\.jsonl)/g, `${directory}/$1`);
  const run = async (code: string) => {
    const env = { ...process.env, TZ: 'Europe/Berlin', npm_config_loglevel: 'error' };
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', here(code)], {
      cwd: ROOT,
      env,
    });
    return stdout.trim();
  };
  let output = '';
  const ran: string[] = [];
  for (const { language, code } of blocks()) {
    if (language === 'sh' && code === 'npm ci && npm test') {
      // It is what runs this test: CI runs it too.
      expect(await readFile(join(ROOT, '.ci/run'), 'utf8')).toContain(`\n${code}\n`);
    } else if (language === 'sh' && /npm start$/.test(code)) {
      // What `npm ci` installs is there: this test runs on it.
      await server.start('npm start');
    } else if (language === 'sh') {
      if (code.includes(' import ')) await server.stop();
      output = await run(code);
      ran.push(code);
    } else if (language === 'json') {
      expect(normalised(JSON.parse(output))).toEqual(normalised(JSON.parse(code)));
    } else if (language === 'text') {
      expect(output).toBe(code);
    } else {
      expect(language).toBe('graphql');
      const response = await fetch(`http://localhost:${server.port}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: code }),
      });
      expect(await response.json(), code).toEqual({ data: expect.any(Object) });
    }
  }
  expect(ran.length).toBeGreaterThanOrEqual(9);
  expect((await readFile(join(directory, 'trip.jsonl'), 'utf8')).match(/^\{"id":"\w+"/gm)).toEqual([
    '{"id":"trip"',
    '{"id":"flights"',
  ]);
  expect(output).toMatch(/^13 sessions, .*: no problems$/);
});

it('has a row for every limit, with its default', () => {
  const shown = (name: string, value: number) => {
    if (!name.endsWith('Bytes')) return value.toLocaleString('en');
    const mebibytes = value / 1024 / 1024;
    return mebibytes >= 1 ? `${mebibytes} MiB` : `${value / 1024} KiB`;
  };
  expect(column('limit')).toEqual(
    Object.entries(DEFAULT_LIMITS).map(([name, value]) => [name, shown(name, value)]),
  );
});

it('has a row for every flag of the server, with its variable', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(ROOT, 'src/cli.ts'), 'serve', '--help'],
    {
      env: { ...process.env, COLUMNS: '10000' },
    },
  );
  const flags = [...stdout.matchAll(/(--[\w-]+) <.*? env:\s+(\w+)\)/gs)].map(([, flag, variable]) => [
    flag,
    variable,
  ]);
  expect(flags.length).toBeGreaterThan(5);
  expect(column('flag')).toEqual(flags);
});

it('has a row for every type of error', async () => {
  const schema = await readFile(join(ROOT, 'schema.graphql'), 'utf8');
  const types = [...schema.matchAll(/^type (\w+) implements Error/gm)].map(([, type]) => type);
  expect(
    column('type')
      .map(([type]) => type)
      .toSorted(),
  ).toEqual(types.toSorted());
});

it('has a row for every code that a request can be refused with', async () => {
  // Those that Yoga gives; all others stand in the source.
  const codes = new Set([
    'GRAPHQL_PARSE_FAILED',
    'GRAPHQL_VALIDATION_FAILED',
    'OPERATION_RESOLUTION_FAILURE',
  ]);
  for (const file of await readdir(join(ROOT, 'src'), { recursive: true })) {
    if (!/^(server|schema).*\.ts$/.test(file)) continue;
    const source = await readFile(join(ROOT, 'src', file), 'utf8');
    for (const [, code] of source.matchAll(/(?:\bcode: |documentError\(\s*)'([A-Z_]+)'/g)) codes.add(code!);
  }
  expect(codes.size).toBeGreaterThan(12);
  expect(
    column('code')
      .map(([code]) => code)
      .toSorted(),
  ).toEqual([...codes].toSorted());
});
