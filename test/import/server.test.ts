import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { claude } from '../../src/import/claude/claude.ts';
import { importSessions } from '../../src/import/import-sessions.ts';
import { ServerTarget } from '../../src/import/target/server-target.ts';
import { watchSessions } from '../../src/import/watch-sessions.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { startTestServer, testConfig } from '../server/running.ts';
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
  const target = new ServerTarget(server.url, DEFAULT_LIMITS);
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

it('leaves deleted in a server what was deleted there, and stops where no server answers', async () => {
  const server = await startTestServer();
  const { transcript } = files();
  const { folder } = await lab({ [`${ID}.jsonl`]: transcript.text });
  const run = () =>
    importSessions([{ format: claude, path: folder }], new ServerTarget(server.url, DEFAULT_LIMITS));
  await run();
  const query = `mutation { deleteSession(input: { sessionId: "${ID}" }) { __typename } }`;
  await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  expect((await run()).sessions).toMatchObject({ new: 0, deletedHere: 1 });
  await server.stop();
  await expect(run()).rejects.toThrow(/^The server at .* does not answer: /);
});

it('follows files: imports what is appended, and new files', async () => {
  const server = await startTestServer();
  const folder = await temporaryDirectory();
  const { transcript } = files();
  await writeFiles(join(folder, PROJECT), { [`${ID}.jsonl`]: transcript.text });
  const stop = new AbortController();
  const target = new ServerTarget(server.url, DEFAULT_LIMITS);
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
