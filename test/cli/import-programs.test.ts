import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { importCommand } from '../../src/commands/import.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { Transcript, writeFiles } from '../import/claude/transcript.ts';
import { Rollout } from '../import/codex/rollout.ts';
import { OpencodeWriter } from '../import/opencode/store-writer.ts';
import { SAMPLES } from '../import/samples/samples.ts';
import { startTestServer } from '../server/running.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { runCli } from './run.ts';

const CLI = join(import.meta.dirname, '../../src/cli.ts');
const DONE = 'Imported 1 new session, 0 changed, 0 unchanged, 0 faults; 2 messages written.\n';
/** The variables that name the places of programs. */
const NO_PLACES = { CLAUDE_CONFIG_DIR: '', CODEX_HOME: '', XDG_DATA_HOME: '' };
const GEMINI_CHAT = [
  { sessionId: 'g1', startTime: '2026-03-01T10:00:00Z' },
  { id: 'm1', timestamp: '2026-03-01T10:00:01Z', type: 'user', content: 'Hi' },
]
  .map((record) => `${JSON.stringify(record)}\n`)
  .join('');

async function home(): Promise<string> {
  const folder = await temporaryDirectory();
  const transcript = new Transcript('one');
  transcript.user('Hi');
  transcript.say('Hello');
  await writeFiles(join(folder, 'projects/-home-eve-lab'), { 'one.jsonl': transcript.text });
  return folder;
}

it('imports from a path with or without its format, from the default place, and from all', async () => {
  const folder = await home();
  const env = { CLAUDE_CONFIG_DIR: folder, HOME: folder };
  for (const args of [['claude', folder], [folder], ['claude'], ['--all']]) {
    const data = await temporaryDirectory();
    expect(await runCli(['import', ...args, '--data', data], env), args.join(' ')).toEqual({
      code: 0,
      stderr: '',
      stdout: DONE,
    });
  }
});

it('--project takes a directory as it is named from where the command runs, and says if no session is of it', async () => {
  const folder = await temporaryDirectory();
  const transcript = new Transcript('one');
  transcript.common = { ...transcript.common, cwd: process.cwd() };
  transcript.user('Hi');
  transcript.say('Hello');
  await writeFiles(join(folder, 'projects/-lab'), { 'one.jsonl': transcript.text });
  const run = async (project: string) =>
    runCli(['import', 'claude', folder, '--project', project, '--data', await temporaryDirectory()]);
  expect(await run('.')).toEqual({ code: 0, stderr: '', stdout: DONE });
  expect(await run('./test')).toEqual({
    code: 0,
    stderr: '',
    stdout: `Notes:\n  1 session was found, none of the project "${process.cwd()}/test"\n${DONE.replace('1 new session', '0 new sessions').replace('2 messages', '0 messages')}`,
  });
});

it('imports from the default places of all programs', async () => {
  const folder = await temporaryDirectory();
  const transcript = new Transcript('one');
  transcript.user('Hi');
  const rollout = new Rollout('0aa11111-0000-7000-8000-000000000001').turn('t').user('Hi');
  const places: [place: string, files: Record<string, string>][] = [
    ['.claude', { 'projects/-home-eve-lab/one.jsonl': transcript.text }],
    ['.codex', { [rollout.name]: rollout.text }],
    ['.local/share/opencode', new OpencodeWriter().session('ses_a').user('Hi').files()],
    ['.gemini/tmp', { 'lab/chats/session-1.jsonl': GEMINI_CHAT }],
  ];
  for (const [place, files] of places) await writeFiles(join(folder, place), files);
  const [env, data] = [{ ...NO_PLACES, HOME: folder }, join(folder, 'data')];
  expect(await runCli(['import', '--all', '--data', data], env)).toMatchObject({ code: 0, stderr: '' });
  const repository = await openFileRepository({ directory: data });
  onTestFinished(() => repository.close());
  const ids = ['one', rollout.id, 'ses_a', 'g1'];
  expect(await repository.findMany(ids)).toMatchObject(
    ['claude', 'codex', 'opencode', 'gemini'].map((format, n) => ({
      key: `${format}:${ids[n]}`,
      messageCount: 1,
    })),
  );
});

it('says that --url imports into a running server, where one owns the data directory', async () => {
  const dataDirectory = await temporaryDirectory();
  const { url } = await startTestServer({ dataDirectory });
  const folder = await home();
  const { code, stdout, stderr } = await runCli(['import', folder, '--data', dataDirectory]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(
    /^The data directory .* is in use by process .* Or import into the running server: .* --url http:\/\/localhost:4000\.\n$/,
  );
  expect(await runCli(['import', folder, '--url', url])).toMatchObject({ code: 0, stdout: DONE });
});

it('makes no data directory in a dry run', async () => {
  const folder = await home();
  const data = join(folder, 'data');
  const { code, stdout } = await runCli(['import', folder, '--data', data, '--dry-run']);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: 'Would import 1 new session, 0 changed, 0 unchanged, 0 faults; 2 messages to write.\n',
  });
  await expect(access(data)).rejects.toThrow('ENOENT');
});

it('says where it looked if no program keeps sessions here', async () => {
  const none = await temporaryDirectory();
  const env = { ...NO_PLACES, HOME: none };
  expect(await runCli(['import', '--all', '--data', join(none, 'data')], env)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /^No program keeps sessions here: looked for ~\/.claude\/projects, .*opencode/,
    ),
  });
  await expect(access(join(none, 'data'))).rejects.toThrow('ENOENT');
});

it('ends with 1 if something could not come in, and with 2 for a wrong command line', async () => {
  const folder = await home();
  const data = await temporaryDirectory();
  await writeFiles(join(folder, 'projects/-home-eve-lab'), {
    'two.jsonl': '{"type":"user","uuid":"u","sessionId":"two","message":{"content":"Hi"}}\n?\n',
  });
  expect(await runCli(['import', folder, '--data', data])).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('two.jsonl:2: the line is no JSON object\n'),
  });
  expect(await runCli(['import', '--data', data])).toEqual({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('expected a format, a path, or --all'),
  });
});

it('says with --dry-run what would come in and what has no place, for every format', async () => {
  const folder = await temporaryDirectory();
  for (const sample of SAMPLES) await sample.write(join(folder, sample.title), sample.records);
  for (const { title, format } of SAMPLES) {
    const args = [format.name, join(folder, title), '--data', join(folder, 'none'), '--dry-run'];
    const { code, stdout } = await runCli(['import', ...args]);
    expect({ code, stdout }, title).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^No place in the store: .*\.\n[\s\S]*Would import \d new session/),
    });
  }
});

it('says what is wrong with a command line', async () => {
  const folder = await home();
  const mixed = await home();
  const rollout = new Rollout('0aa11111-0000-7000-8000-000000000001').turn('t').user('Hi');
  await writeFiles(mixed, { [rollout.name]: rollout.text });
  const person = await temporaryDirectory();
  await writeFiles(person, { '.codex/sessions/x': '', '.gemini/tmp/x': '', 'package.json': '{}' });
  await writeFile(join(folder, 'export.zip'), 'PK\u0003\u0004');
  const wrong: [args: string[], message: string][] = [
    [['nonsense', folder], 'expected one of claude, '],
    [['nonsense'], 'expected claude, codex, '],
    [[await temporaryDirectory()], 'expected sessions of Claude Code, '],
    [[join(folder, 'export.zip')], 'an unpacked export, got the zip archive'],
    [[mixed], 'got those of Claude Code and of Codex in '],
    [[person], `which has them in ${join(person, '.codex')}, ${join(person, '.gemini/tmp')}: import each`],
    [['chatgpt'], 'expected the path of the export of ChatGPT, got none'],
    [['--all', folder], 'expected --all, or a format and a path, got both'],
    [['claude', join(folder, 'nothing')], 'expected a file or a directory, got '],
    [['agent-session'], 'agent-session has no default place'],
    [['agent-session', folder, '--since', '30d'], '--since is not for the files of the Python module'],
    [[folder, '--since', 'yesterday'], 'Expected a day (2026-03-01)'],
    [[folder, '--watch'], '--watch needs --url'],
    [[folder, '--url', 'localhost'], 'Expected a URL such as http://127.0.0.1:4000/graphql'],
  ];
  for (const [args, message] of wrong) {
    let stderr = '';
    const command = importCommand()
      .exitOverride()
      .configureOutput({ writeErr: (text) => (stderr += text) });
    await expect(command.parseAsync(args, { from: 'user' })).rejects.toThrow();
    expect(stderr, args.join(' ')).toContain(message);
  }
});

it('imports into a running server, and follows the files until a signal', async () => {
  const server = await startTestServer();
  const child = spawn(process.execPath, [CLI, 'import', await home(), '--url', server.url, '--watch']);
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  expect(first.toString()).toBe(DONE);
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

it('asks for the server before it reads the sources, and says what to do where there is none', async () => {
  const server = await startTestServer();
  await server.stop();
  expect(await runCli(['import', await home(), '--url', server.url])).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^Expected an answer of .*Is a server running there\?/),
  });
});
