import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Sessiontree } from '@sessiontree/client';
import { expect, it } from 'vitest';
import { claude } from '../../src/import/claude/claude.ts';
import { importSessions } from '../../src/import/import-sessions.ts';
import { DryRunTarget } from '../../src/import/target/dry-run-target.ts';
import { ServerTarget } from '../../src/import/target/server-target.ts';
import { watchSessions } from '../../src/import/watch-sessions.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { openAuthServer } from '../server/auth/support.ts';
import { startTestServer, testConfig } from '../server/running.ts';
import { openCutProxy } from '../support/open-cut-proxy.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { lab, PROJECT, stateOf } from './claude/support.ts';
import { Transcript, writeFiles } from './claude/transcript.ts';

const ID = 'aaaa1111-0000-4000-8000-000000000001';

/** A session with a branch, that a subagent is a child of. */
function files(): { transcript: Transcript; branching: string; agent: Record<string, string> } {
  const transcript = new Transcript(ID);
  transcript.user('One');
  const branching = transcript.say('First');
  transcript.user('Two');
  const inner = new Transcript(ID, { prefix: 'sub' });
  inner.user('Count');
  inner.say('3');
  return { transcript, branching, agent: { [`${ID}/subagents/agent-a1.jsonl`]: inner.text } };
}

it('imports into a running server what it imports into a data directory, again and again', async () => {
  const dataDirectory = await temporaryDirectory();
  const server = await startTestServer(await testConfig({ dataDirectory }));
  const target = new ServerTarget(new Sessiontree(server.url), DEFAULT_LIMITS);
  const { transcript, branching, agent } = files();
  const direct = await lab({ [`${ID}.jsonl`]: transcript.text, ...agent });
  const run = () => importSessions([{ format: claude, path: direct.folder }], target);
  expect((await run()).lines()).toEqual((await direct.run()).lines());
  transcript.head = branching;
  transcript.user('Other');
  transcript.say('Third');
  await direct.write({ [`${ID}.jsonl`]: transcript.text });
  expect((await run()).lines()).toEqual((await direct.run()).lines());
  expect((await run()).sessions).toMatchObject({ new: 0, changed: 0, unchanged: 3 });
  await server.stop();
  const repository = await openFileRepository({ directory: dataDirectory });
  try {
    expect(await stateOf(repository)).toEqual(await stateOf(direct.repository));
  } finally {
    await repository.close();
  }
});

/** A client that asks once. */
const targetAt = (url: string) => new ServerTarget(new Sessiontree(url, { maxRetries: 0 }), DEFAULT_LIMITS);

it('leaves deleted in a server what was deleted there, and stops where no server answers', async () => {
  const server = await startTestServer();
  const { transcript } = files();
  const { folder } = await lab({ [`${ID}.jsonl`]: transcript.text });
  const run = () => importSessions([{ format: claude, path: folder }], targetAt(server.url));
  await run();
  await new Sessiontree(server.url).sessions.delete(ID);
  expect((await run()).sessions).toMatchObject({ new: 0, deletedHere: 1 });
  await server.stop();
  expect((await run()).lines()[0]).toMatch(/^Stopped: Expected an answer of http.* Run the import again/);
});

it('says of sessions that the token may not see that they are there, and imports none of them as a root', async () => {
  const { url, tokens } = await openAuthServer();
  const { transcript, agent } = files();
  const { folder, write } = await lab({ [`${ID}.jsonl`]: transcript.text, ...agent });
  const runAs = async (userId: string) => {
    const { token } = await tokens.mint({ userId, scope: 'write' });
    const target = new ServerTarget(new Sessiontree(url, { token }), DEFAULT_LIMITS);
    return importSessions([{ format: claude, path: folder }], target);
  };
  expect((await runAs('ada')).sessions).toMatchObject({ new: 2 });
  const inner = new Transcript(ID, { prefix: 'new' });
  inner.user('Count again');
  await write({ [`${ID}/subagents/agent-a2.jsonl`]: inner.text });
  const report = await runAs('ben');
  expect(report.sessions).toMatchObject({ new: 0, deletedHere: 0, faulty: 3 });
  for (const { reason } of report.faults)
    expect(reason).toMatch(/is taken\..* A session that this token may not see has it/);
  expect(report.notes).toEqual([]);
});

it('lists a session that the server refuses, and imports all others', async () => {
  const server = await startTestServer(
    await testConfig({ limits: { ...DEFAULT_LIMITS, contentBytes: 20, bodyBytes: 100_000 } }),
  );
  const sessions: [id: string, text: string][] = [
    ['aa', 'a text that is too long for a message'],
    ['bb', 'x'.repeat(200_000)],
    ['cc', 'fine'],
  ];
  const written = sessions.map(([id, text]) => {
    const transcript = new Transcript(id, { prefix: id });
    transcript.user(text);
    return [`${id}.jsonl`, transcript.text];
  });
  const { folder } = await lab(Object.fromEntries(written));
  const report = await importSessions([{ format: claude, path: folder }], targetAt(server.url));
  expect(report.sessions).toMatchObject({ new: 1, faulty: 2 });
  expect(report.faults.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/^session "claude:aa": .*contentBytes/),
    expect.stringMatching(/^session "claude:bb": .*a body of at most 100000 bytes/),
  ]);
});

it('a dry run tells what would come into a server, and writes nothing', async () => {
  const server = await startTestServer();
  const { transcript } = files();
  const { folder } = await lab({ [`${ID}.jsonl`]: transcript.text });
  const target = targetAt(server.url);
  const dryRun = () =>
    importSessions([{ format: claude, path: folder }], new DryRunTarget(target, DEFAULT_LIMITS));
  expect((await dryRun()).sessions).toMatchObject({ new: 1, unchanged: 0 });
  expect(await target.find([ID])).toEqual([null]);
  await importSessions([{ format: claude, path: folder }], target);
  expect((await dryRun()).sessions).toMatchObject({ new: 0, unchanged: 1 });
});

it('follows files: imports what is appended, and new files', async () => {
  const server = await startTestServer();
  const folder = await temporaryDirectory();
  const { transcript } = files();
  await writeFiles(join(folder, PROJECT), { [`${ID}.jsonl`]: transcript.text });
  const stop = new AbortController();
  const target = new ServerTarget(new Sessiontree(server.url), DEFAULT_LIMITS);
  const reports = watchSessions([{ format: claude, path: folder }], target, {}, stop.signal);
  const next = async () => (await reports.next()).value!.sessions;
  expect(await next()).toMatchObject({ new: 1 });
  const appended = next();
  transcript.say('Second');
  await appendFile(join(folder, PROJECT, `${ID}.jsonl`), `${transcript.lines.at(-1)}\n`);
  expect(await appended).toMatchObject({ new: 0, changed: 1 });
  const added = next();
  const other = new Transcript('dddd');
  other.user('Hi');
  await writeFiles(join(folder, PROJECT), { 'dddd.jsonl': other.text });
  expect(await added).toMatchObject({ new: 1, unchanged: 1 });
  const end = reports.next();
  stop.abort();
  expect(await end).toEqual({ done: true, value: undefined });
});

it('goes on following when the server was away', async () => {
  const dataDirectory = await temporaryDirectory();
  const server = await startTestServer({ dataDirectory });
  // The port of a server that has ended may be taken by others; that of the proxy stays.
  const proxy = await openCutProxy(server.url);
  const folder = await temporaryDirectory();
  const write = (id: string) => {
    const transcript = new Transcript(id, { prefix: id });
    transcript.user('Hi');
    return writeFiles(join(folder, PROJECT), { [`${id}.jsonl`]: transcript.text });
  };
  await write('aa');
  const stop = new AbortController();
  const reports = watchSessions([{ format: claude, path: folder }], targetAt(proxy.url), {}, stop.signal);
  const next = async () => (await reports.next()).value!;
  expect((await next()).sessions.new).toBe(1);
  proxy.lead(null);
  await server.stop();
  const whileAway = next();
  await write('bb');
  expect((await whileAway).stopped).toContain('Expected an answer of');
  const { url } = await startTestServer({ dataDirectory });
  proxy.lead(Number(new URL(url).port));
  const back = next();
  await write('cc');
  let { sessions } = await back;
  // A slow machine can tell of a file before the other one, or before its text.
  while (sessions.new + sessions.unchanged < 3) ({ sessions } = await next());
  expect(sessions.faulty).toBe(0);
  expect(await new Sessiontree(url).sessions.list().toArray()).toHaveLength(3);
  const end = reports.next();
  stop.abort();
  await end;
});
