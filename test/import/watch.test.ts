import { appendFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { Sessiontree } from '@sessiontree/client';
import { expect, it, onTestFinished } from 'vitest';
import { codex } from '../../src/import/codex/codex.ts';
import type { Format } from '../../src/import/format.ts';
import { gemini } from '../../src/import/gemini/gemini.ts';
import { opencode } from '../../src/import/opencode/opencode.ts';
import type { SessionReport } from '../../src/import/report.ts';
import { RepositoryTarget } from '../../src/import/target/repository-target.ts';
import { ServerTarget } from '../../src/import/target/server-target.ts';
import { watchSessions } from '../../src/import/watch-sessions.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { startTestServer } from '../server/running.ts';
import { openTestRepository, temporaryDirectory } from '../support/repository.ts';
import { writeFiles } from './claude/transcript.ts';
import { Rollout } from './codex/rollout.ts';
import { OpencodeWriter } from './opencode/store-writer.ts';

/** A program that writes a prompt, and then its answer. */
interface Program {
  readonly format: Format;
  readonly id: string;
  /** What is watched, in the folder; the folder itself if it is left out. */
  readonly file?: string;
  begin(folder: string): Promise<void>;
  goOn(folder: string): Promise<void>;
}

function codexProgram(): Program {
  const rollout = new Rollout('0aa11111-0000-7000-8000-000000000001').turn('t').user('Question');
  const { text, id, name } = rollout;
  return {
    format: codex,
    id,
    begin: (folder) => writeFiles(folder, { [name]: text }),
    async goOn(folder) {
      rollout.say('Answer').record('r1', { input: 7 }).event({ type: 'task_complete', turn_id: 't' });
      await appendFile(join(folder, name), rollout.text.slice(text.length));
    },
  };
}

function geminiProgram(): Program {
  const chat = 'lab/chats/session-2026-03-01T10-00-aaaa1111.jsonl';
  const line = (value: object) => `${JSON.stringify(value)}\n`;
  const timestamp = '2026-03-01T10:00:01.000Z';
  const begun = [
    { sessionId: 'g1', startTime: timestamp },
    { id: 'm1', timestamp, type: 'user', content: 'Question' },
  ];
  return {
    format: gemini,
    id: 'g1',
    begin: (folder) => writeFiles(folder, { [chat]: begun.map(line).join('') }),
    goOn: (folder) =>
      appendFile(join(folder, chat), line({ id: 'm2', timestamp, type: 'gemini', content: 'Answer' })),
  };
}

/** It keeps its database open, which has a write-ahead log: the file itself changes late. */
function opencodeProgram(): Program {
  const writer = new OpencodeWriter().session('ses_a').user('Question');
  let database: DatabaseSync;
  return {
    format: opencode,
    id: 'ses_a',
    async begin(folder) {
      writer.writeDatabase(folder);
      database = new DatabaseSync(join(folder, 'opencode.db'));
      onTestFinished(() => database.close());
      database.exec('PRAGMA journal_mode = WAL; CREATE TABLE note (text TEXT)');
    },
    async goOn() {
      const time = { created: writer.now + 1, completed: writer.now + 2 };
      const data = JSON.stringify({ role: 'assistant', time, finish: 'stop' });
      const part = JSON.stringify({ type: 'text', text: 'Answer' });
      database
        .prepare('INSERT INTO message VALUES (?, ?, ?, ?, ?)')
        .run('msg_b', 'ses_a', time.created, time.created, data);
      database
        .prepare('INSERT INTO part VALUES (?, ?, ?, ?, ?, ?)')
        .run('prt_b', 'msg_b', 'ses_a', time.created, time.created, part);
    },
  };
}

function opencodeDatabaseProgram(): Program {
  return { ...opencodeProgram(), file: 'opencode.db' };
}

/** Before 1.2. */
function opencodeFilesProgram(): Program {
  const writer = new OpencodeWriter().session('ses_a').user('Question');
  return {
    format: opencode,
    id: 'ses_a',
    begin: (folder) => writeFiles(folder, writer.files()),
    goOn: (folder) => writeFiles(folder, writer.say('Answer').files()),
  };
}

const PROGRAMS: [title: string, program: () => Program][] = [
  ['Codex', codexProgram],
  ['Gemini CLI', geminiProgram],
  ['opencode', opencodeProgram],
  ['opencode in a database that is named', opencodeDatabaseProgram],
  ['opencode before 1.2', opencodeFilesProgram],
];

it.each(PROGRAMS)('follows what %s writes, into a running server', async (_title, program) => {
  const { format, id, file = '', begin, goOn } = program();
  const [folder, server] = await Promise.all([temporaryDirectory(), startTestServer()]);
  await begin(folder);
  const client = new Sessiontree(server.url);
  const stop = new AbortController();
  const target = new ServerTarget(client, DEFAULT_LIMITS);
  const reports = watchSessions([{ format, path: join(folder, file) }], target, {}, stop.signal);
  expect((await reports.next()).value).toMatchObject({ faults: [], sessions: { new: 1 } });
  expect(await saidIn(client, id)).toEqual(['Question']);
  const following = reports.next();
  await goOn(folder);
  await following;
  // The program can have been in the middle of it, and have written a message without its text.
  while (!(await saidIn(client, id)).includes('Answer')) await reports.next();
  expect(await saidIn(client, id)).toEqual(['Question', 'Answer']);
  const end = reports.next();
  stop.abort();
  await end;
});

it('looks at a database again when a program writes to it, and not since the import itself read it', async () => {
  const [folder, repository] = [await temporaryDirectory(), await openTestRepository()];
  const program = opencodeProgram();
  await program.begin(folder);
  let looks = 0;
  const format: Format = {
    ...opencode,
    survey(path, options) {
      looks += 1;
      return opencode.survey(path, options);
    },
  };
  const stop = new AbortController();
  const target = new RepositoryTarget(repository, DEFAULT_LIMITS);
  const reports = watchSessions([{ format, path: folder }], target, {}, stop.signal);
  await reports.next();
  const following = reports.next();
  await setTimeout(3_000);
  // Once the log was touched for the first time, the import knows it.
  expect(looks).toBeLessThanOrEqual(2);
  await program.goOn(folder);
  expect((await following).value).toMatchObject({ faults: [], sessions: { changed: 1 } });
  const end = reports.next();
  stop.abort();
  await end;
});

it('goes on following a file that another one replaced, and folders that come and go', async () => {
  const [folder, repository] = [await temporaryDirectory(), await openTestRepository()];
  const rollouts = [1, 2].map((n) =>
    new Rollout(`0aa11111-0000-7000-8000-00000000000${n}`).turn('t').user('Question'),
  );
  const [one, two] = rollouts as [Rollout, Rollout];
  await writeFiles(folder, { [one.name]: one.text });
  const stop = new AbortController();
  const target = new RepositoryTarget(repository, DEFAULT_LIMITS);
  const reports = watchSessions([{ format: codex, path: folder }], target, {}, stop.signal);
  await reports.next();
  /** What an import finds after `change`, well before the look of every 30 seconds. */
  const after = async (change: () => Promise<unknown>) => {
    const following = reports.next();
    await change();
    return (await following).value!.sessions;
  };
  const path = join(folder, one.name);
  const grow = async (rollout: Rollout, name = rollout.name) => {
    const { length } = rollout.text;
    await appendFile(join(folder, name), rollout.user('And now?').text.slice(length));
  };
  const replace = async () => {
    await writeFile(`${path}.new`, one.user('Another').text);
    await rename(`${path}.new`, path);
  };
  expect(await after(replace)).toMatchObject({ changed: 1 });
  expect(await after(() => grow(one))).toMatchObject({ changed: 1 });
  // A whole tree of folders, at once.
  await writeFiles(`${folder}.aside`, { [two.name]: two.text });
  const [aside, there] = [join(`${folder}.aside`, 'sessions/2026'), join(folder, 'sessions/2027')];
  expect(await after(() => rename(aside, there))).toMatchObject({ new: 1 });
  const name = two.name.replace('2026', '2027');
  expect(await after(() => grow(two, name))).toMatchObject({ changed: 1 });
  const end = reports.next();
  stop.abort();
  await end;
  await rm(`${folder}.aside`, { recursive: true });
});

it('lists a fault that stands once, and those that come', async () => {
  const [folder, repository] = [await temporaryDirectory(), await openTestRepository()];
  const program = codexProgram();
  const bad = (name: string) => writeFiles(folder, { [`sessions/rollout-${name}.jsonl`]: 'no rollout\n' });
  await program.begin(folder);
  await bad('one');
  const stop = new AbortController();
  const target = new RepositoryTarget(repository, DEFAULT_LIMITS);
  const reports = watchSessions([{ format: codex, path: folder }], target, {}, stop.signal);
  const named = async () => {
    const { faults } = (await reports.next()).value as SessionReport;
    return faults.map(({ path }) => basename(path));
  };
  expect(await named()).toEqual(['rollout-one.jsonl']);
  const following = named();
  await program.goOn(folder);
  expect(await following).toEqual([]);
  const last = named();
  await bad('two');
  expect(await last).toEqual(['rollout-two.jsonl']);
  const end = reports.next();
  stop.abort();
  await end;
});

/** What was said in a session, by people and models. */
async function saidIn(client: Sessiontree, id: string): Promise<string[]> {
  const query = 'query Said($id: ID!) { session(id: $id) { history(first: 10) { nodes { role content } } } }';
  const { session } = await client.request<{
    session: { history: { nodes: { role: string; content: string }[] } };
  }>(query, { id });
  const { nodes } = session.history;
  return nodes.filter(({ role }) => role === 'USER' || role === 'ASSISTANT').map(({ content }) => content);
}
