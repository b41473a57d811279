import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { DEFAULT_LIMITS } from '../src/model/limits.ts';
import { hasCommand } from './cli/run.ts';
import { CLIENT_FILE, PAGES, ROOT, readBlocks, readPage } from './support/documentation.ts';
import { openFlakyProxy } from './support/flaky-proxy.ts';
import { temporaryDirectory } from './support/repository.ts';

const text = (await Promise.all(PAGES.map(readPage))).join('\n');

/** The first two cells of each row of the table whose first heading is `heading`, without code marks. */
function column(heading: string): string[][] {
  const [table] = text.split(`\n| ${heading} |`).slice(1);
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
function normalised(output: string): string {
  return output
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z/g, '<time>')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>');
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
    // In a process group of its own, so that a signal reaches the server behind npm.
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

const python = (program: string) => `python3 - <<'PYTHON'\n${program}\nPYTHON`;

const typescript = (program: string) =>
  `node --input-type=module-typescript - <<'TYPESCRIPT'\n${program}\nTYPESCRIPT`;

const missing = ['bash', 'curl', 'python3'].filter((command) => !hasCommand(command));
it('every command of README.md and docs/ runs, and gives the answers that the pages show', {
  timeout: 120_000,
}, async ({ skip }) => {
  skip(missing.length > 0, `there is no ${missing.join(', no ')}`);
  const directory = await temporaryDirectory();
  const server = new ReadmeServer(directory);
  onTestFinished(() => server.stop());
  const here = (code: string) =>
    code
      .replaceAll('localhost:4000', `localhost:${server.port}`)
      .replaceAll(/(?<= )\.\/(data|backup|copy|trip\.\w+)/g, `${directory}/$1`);
  const run = async (code: string) => {
    // `tree` draws with ASCII characters where the locale is not UTF-8.
    const env = { ...process.env, TZ: 'Europe/Berlin', LC_ALL: 'C.UTF-8', npm_config_loglevel: 'error' };
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', here(code)], {
      cwd: ROOT,
      env,
    });
    return stdout.trim();
  };
  let output = '';
  let checked = '';
  const ran: string[] = [];
  for (const { page, language, code } of await readBlocks(...PAGES)) {
    if (language === 'sh' && code === 'npm ci && npm test') {
      // This command runs this test. CI runs it too, and then the tests of the adapters.
      expect(await readFile(join(ROOT, '.ci/run'), 'utf8')).toContain(`\n${code} && `);
    } else if (language === 'sh' && /npm start$/.test(code)) {
      // `npm ci` has run: this test depends on it.
      await server.start('npm start');
    } else if (language === 'sh') {
      // The data directory of a server is the server's alone.
      if (code.includes(' import ') && !code.includes('--url')) await server.stop();
      output = await run(code);
      ran.push(code);
      if (code.includes(' check ')) checked = output;
    } else if (CLIENT_FILE.test(code)) {
      // test/clients runs it.
    } else if (language === 'ts' && (page === 'README.md' || page === 'docs/client.md')) {
      // packages/client/test/documentation.test.ts runs it.
    } else if (page === 'docs/embedding.md') {
      // test/embedding.test.ts runs it.
    } else if (language === 'python') {
      output = await run(python(code));
      expect(await run(python(code)), 'run again').toBe(output);
      const unarchive = 'print(mutate("unarchiveSession", "unarchivedIds", sessionId="py-trip"))';
      expect(await run(python(`${code}\n${unarchive}`))).toContain("'unarchivedIds': []");
      const network = await openFlakyProxy(Number(server.port));
      const there = code.replaceAll('localhost:4000', `127.0.0.1:${network.port}`);
      expect(await run(python(there)), 'over a bad network').toBe(output);
      expect(network.lost()).toBe(5);
    } else if (language === 'ts') {
      output = await run(typescript(code));
      expect(await run(typescript(code)), 'run again').toBe(output);
    } else if (language === 'jsonc') {
      // test/cli/mcp-settings.test.ts starts what they name.
    } else if (language === 'json' || language === 'text') {
      expect(normalised(output)).toBe(normalised(code));
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
  expect(checked).toMatch(/^20 sessions, .*: no problems$/);
  expect(output).toMatch(/^would delete \d+ trees? with/m);
});

it('the pages for users have a row for every limit, with its default', () => {
  const shown = (name: string, value: number) => {
    if (!name.endsWith('Bytes')) return value.toLocaleString('en');
    const mebibytes = value / 1024 / 1024;
    return mebibytes >= 1 ? `${mebibytes} MiB` : `${value / 1024} KiB`;
  };
  expect(column('limit')).toEqual(
    Object.entries(DEFAULT_LIMITS).map(([name, value]) => [name, shown(name, value)]),
  );
});

it('the pages for users have a row for every flag of the server, with its variable', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(ROOT, 'src/cli.ts'), 'serve', '--help'],
    {
      env: { ...process.env, COLUMNS: '10000' },
    },
  );
  const flags = [...stdout.matchAll(/^ {2}(--[\w-]+)(?: [<[]| {2})(?:(?!^ {2}-).)*?\benv:\s+(\w+)\)/gms)].map(
    ([, flag, variable]) => [flag, variable],
  );
  expect(flags.length).toBeGreaterThan(5);
  expect(column('flag')).toEqual(flags);
});

it('the pages for users have a row for every type of error', async () => {
  const schema = await readFile(join(ROOT, 'schema.graphql'), 'utf8');
  const types = [...schema.matchAll(/^type (\w+) implements Error/gm)].map(([, type]) => type);
  expect(
    column('type')
      .map(([type]) => type)
      .toSorted(),
  ).toEqual(types.toSorted());
});

it('the pages for users have a row for every code that a request can be refused with', async () => {
  // The codes of Yoga; all others are found in the source.
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
