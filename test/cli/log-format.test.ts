import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { runCli } from './run.ts';

const ROOT = join(import.meta.dirname, '../..');
const TERMINAL = '/usr/bin/script';
// Not process.env: CI, NO_COLOR, FORCE_COLOR and TEAMCITY_VERSION change which colours Node.js assumes a terminal has.
const PLAIN_ENVIRONMENT = { PATH: process.env.PATH, TERM: 'xterm-256color', SHELL: '/bin/bash' };

interface Run {
  readonly flags?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly onTerminal?: boolean;
}

/** The log of a server that starts, answers one request and is stopped. */
async function logOf({ flags = '', env = {}, onTerminal = false }: Run): Promise<string> {
  const data = await temporaryDirectory();
  // `script` cannot stop the command that it runs, so the shell in it does.
  const serve = `'${process.execPath}' src/cli.ts serve --port 0 --data '${data}' ${flags}`;
  const command = `${serve} & read -r; kill -TERM $!; wait $!`;
  const [program, args] = onTerminal ? [TERMINAL, ['-qec', command, '/dev/null']] : ['bash', ['-c', command]];
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { ...PLAIN_ENVIRONMENT, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const closed = once(child, 'close');
  let log = '';
  let asked = false;
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    log += chunk;
    const url = /the API is at (http:\S+\/graphql)/.exec(log)?.[1];
    if (url === undefined || asked) continue;
    asked = true;
    await fetch(new URL('/none', url));
    child.stdin.write('\n');
  }
  await closed;
  return log;
}

const jsonLines = (log: string) =>
  log
    .split(/\r?\n/)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { msg: string });

test('the log that goes to no terminal is JSON lines', async () => {
  const log = await logOf({});
  expect(log.trimEnd().split('\n')).toHaveLength(jsonLines(log).length);
  expect(jsonLines(log).map(({ msg }) => msg)).toContain('request');
});

test('the log says at its beginning where the API, GraphiQL and the explorer are', async () => {
  const [{ msg }] = jsonLines(await logOf({})) as [{ msg: string }];
  const [, origin] = /^the API is at (http:\/\/127\.0\.0\.1:\d+)\/graphql;/.exec(msg)!;
  expect(msg).toBe(
    `the API is at ${origin}/graphql; open it in a browser for GraphiQL, and ${origin}/explorer/ for the explorer`,
  );
});

test.each([
  ['by flag', { flags: '--log-format pretty' }],
  ['by variable', { env: { SESSIONTREE_LOG_FORMAT: 'pretty' } }],
])('the log that goes to no terminal can be lines for people, %s, without colour', async (_name, run) => {
  const log = await logOf(run);
  expect(log).toMatch(
    /^\d\d:\d\d:\d\d {2}GET \/none {2}[\d.]+ m?s {2}404 NOT_FOUND: There is nothing at this path\./m,
  );
  expect(log).not.toMatch(/\p{Cc}(?<!\n)/u);
});

test.skipIf(!existsSync(TERMINAL))('the log on a terminal is lines for people, in colour', async () => {
  const log = await logOf({ onTerminal: true });
  expect(log).toContain('\u001b[1mGET /none\u001b[22m');
  expect(jsonLines(log)).toEqual([]);
});

test.skipIf(!existsSync(TERMINAL))(
  'the log on a terminal is without colour under NO_COLOR, and JSON lines with --log-format json',
  async () => {
    const [plain, json] = await Promise.all([
      logOf({ onTerminal: true, env: { NO_COLOR: '1' } }),
      logOf({ onTerminal: true, flags: '--log-format json' }),
    ]);
    expect(plain).toMatch(/^\d\d:\d\d:\d\d {2}GET \/none {2}/m);
    expect(jsonLines(json).map(({ msg }) => msg)).toContain('request');
  },
);

test.skipIf(!existsSync(TERMINAL))(
  'a warning of the store is a line for people on a terminal, where a command is run',
  async () => {
    const data = await openDamaged();
    const command = `'${process.execPath}' src/cli.ts export s --data '${data}' >'${data}/out' || true`;
    const env = { ...PLAIN_ENVIRONMENT, NO_COLOR: '1' };
    const { stdout } = await promisify(execFile)(TERMINAL, ['-qec', command, '/dev/null'], {
      cwd: ROOT,
      env,
    });
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d {2}(warning|error) {2}.*sessions\/.*s\.jsonl/m);
    expect(jsonLines(stdout)).toEqual([]);
  },
);

test('a warning of the store is a JSON line where a command is run without a terminal', async () => {
  const { stderr } = await runCli(['export', 's', '--data', await openDamaged()]);
  const [line] = stderr.split('\n');
  expect(JSON.parse(line!)).toMatchObject({
    level: expect.stringMatching(/^(warn|error)$/),
    time: expect.stringMatching(/^\d{4}-.*Z$/),
  });
});

/** A data directory whose session "s" has a damaged line. */
async function openDamaged(): Promise<string> {
  const data = await temporaryDirectory();
  const repository = await openFileRepository({ directory: data });
  await repository.create({ id: 's', messages: [{ role: 'USER', content: 'first' }] });
  await repository.append({ sessionId: 's', messages: [{ role: 'USER', content: 'second' }] });
  await repository.close();
  const names = await readdir(join(data, 'sessions'), { recursive: true });
  const file = join(data, 'sessions', names.find((name) => name.endsWith('s.jsonl'))!);
  await writeFile(file, (await readFile(file, 'utf8')).replace('second', 'sEcond'));
  return data;
}
