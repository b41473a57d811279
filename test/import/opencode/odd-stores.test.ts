import { execFileSync } from 'node:child_process';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { STATE_BYTES_MAX } from '../../../src/import/import-state.ts';
import { opencode } from '../../../src/import/opencode/opencode.ts';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import { damageTable, outline, sourceLab } from '../source-lab.ts';
import { OpencodeWriter, tool } from './store-writer.ts';

/** The length of a text that fits into the metadata of a session: one and a half of them do not. */
const LARGE = 2 * Math.floor((DEFAULT_LIMITS.metadataBytes - STATE_BYTES_MAX) * 0.35);
const plain = () => new OpencodeWriter().session('ses_a').user('One').say('1');

it('lists a file that is no database, and imports the files beside it', async () => {
  const lab = await sourceLab(opencode, { ...plain().files(), 'opencode.db': 'no database at all' });
  expect(await lab.run()).toMatchObject({
    faults: [{ path: join(lab.folder, 'opencode.db'), reason: expect.stringContaining('not a database') }],
    sessions: { new: 1 },
  });
});

it('lists a file that is neither a database nor an export', async () => {
  const lab = await sourceLab(opencode, { 'export.json': '{"info":{"i' });
  const path = join(lab.folder, 'export.json');
  expect((await lab.run({}, path)).faults).toMatchObject([
    { path, reason: 'the file is neither a database of opencode nor an export' },
  ]);
});

it('reads what a running opencode has committed, and what it commits later', async () => {
  const lab = await sourceLab(opencode);
  const writer = plain();
  writer.writeDatabase(lab.folder);
  using running = new DatabaseSync(join(lab.folder, 'opencode.db'));
  running.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0');
  const rename = (title: string) =>
    running.exec(`UPDATE session SET title = '${title}', time_updated = time_updated + 1`);
  rename('Committed');
  running.exec('BEGIN IMMEDIATE');
  rename('Not yet');
  expect(await lab.run()).toMatchObject({ complete: true, sessions: { new: 1 } });
  expect((await lab.session('ses_a')).title).toBe('Committed');
  running.exec('COMMIT');
  expect((await lab.run()).sessions.changed).toBe(1);
  expect((await lab.session('ses_a')).title).toBe('Not yet');
});

it('stores odd values of a database, or says what it left out', async () => {
  const lab = await sourceLab(opencode);
  const writer = plain()
    .session('ses_b', { parentID: 'ses_c' })
    .user('Two')
    .session('ses_c', { parentID: 'ses_b' });
  writer.session('ses_d', { parentID: 'ses_d' }).user('Four');
  writer.writeDatabase(lab.folder);
  using database = new DatabaseSync(join(lab.folder, 'opencode.db'));
  database.exec(`UPDATE session SET time_updated = 4611686018427387904, version = x'00ff', title = x'ff' WHERE id = 'ses_a';
    UPDATE session SET time_created = -5, permission = '{"__proto__":{"a":1}}' WHERE id = 'ses_b';
    UPDATE message SET data = '[1]' WHERE session_id = 'ses_d';
    INSERT INTO session (title) VALUES ('nobody');`);
  const report = await lab.run();
  expect(report.faults.map(({ reason }) => reason)).toEqual([
    'a session has no id',
    expect.stringMatching(/^the data of the message msg_\d+ is no JSON object$/),
  ]);
  expect(report.sessions).toMatchObject({ new: 3 });
  expect(await lab.session('ses_a')).toMatchObject({
    title: null,
    lastActiveAt: new Date('2026-03-01T10:00:03Z'),
  });
  expect(await lab.session('ses_b')).toMatchObject({ createdAt: new Date(-5) });
  expect(JSON.stringify((await lab.session('ses_b')).metadata.permission)).toBe('{"__proto__":{"a":1}}');
});

it('does not wait for a pipe in the place of a file, and follows a link', async () => {
  const lab = await sourceLab(opencode, plain().files());
  execFileSync('mkfifo', [join(lab.folder, 'opencode.db')]);
  execFileSync('mkfifo', [join(lab.folder, 'storage/session/p1/ses_b.json')]);
  const elsewhere = await sourceLab(opencode);
  new OpencodeWriter().session('ses_c').user('Three').writeDatabase(elsewhere.folder);
  await symlink(join(elsewhere.folder, 'opencode.db'), join(lab.folder, 'opencode-linked.db'));
  expect(await lab.run()).toMatchObject({
    faults: [{ reason: 'the file cannot be read: it is not a regular file' }],
    sessions: { new: 2 },
  });
});

it('imports an export whose messages and parts have no ids, again and again', async () => {
  const { info, messages } = plain().last;
  const bare = messages.map(({ info: { id: _, ...rest }, parts }) => ({
    info: rest,
    parts: [
      ...parts.map(({ id: __, ...part }) => part),
      { type: 'tool', tool: 'bash', state: { status: 'completed', output: 'a' } },
      { type: 'tool', tool: 'bash', state: { status: 'completed', output: 'b' } },
    ],
  }));
  const lab = await sourceLab(opencode);
  const write = (more: object[]) =>
    lab.write({ 'export.json': JSON.stringify({ info, messages: [...bare, ...more] }) });
  await write([]);
  const run = () => lab.run({}, join(lab.folder, 'export.json'));
  expect(await run()).toMatchObject({ complete: true, messages: 4 });
  await write([{ parts: [] }, null as never]);
  expect((await run()).faults.map(({ reason }) => reason)).toEqual([
    'message 3 of 4 has no info',
    'message 4 of 4 has no info',
  ]);
  expect(outline(await lab.history('ses_a'))).toEqual(['USER: One', 'ASSISTANT: 1', 'TOOL: a', 'TOOL: b']);
});

it('sees a to-do list that changes in the database alone', async () => {
  const lab = await sourceLab(opencode);
  plain().writeDatabase(lab.folder);
  using database = new DatabaseSync(join(lab.folder, 'opencode.db'));
  database.exec(`CREATE TABLE todo (session_id TEXT, content TEXT, status TEXT);
    INSERT INTO todo VALUES ('ses_a', 'Rivers', 'pending');`);
  await lab.run();
  database.exec("UPDATE todo SET status = 'completed'");
  expect((await lab.run()).sessions).toMatchObject({ changed: 1 });
  expect((await lab.session('ses_a')).metadata.todo).toEqual([{ content: 'Rivers', status: 'completed' }]);
  await lab.repository.update({ sessionId: 'ses_a', setMetadata: { note: 'of a person' } });
  database.exec('DELETE FROM todo');
  expect((await lab.run()).sessions.changed).toBe(1);
  const { metadata } = await lab.session('ses_a');
  expect(Object.keys(metadata)).not.toContain('todo');
  expect(metadata).toMatchObject({ note: 'of a person', version: '1.2.0' });
  expect((await lab.run()).sessions).toMatchObject({ unchanged: 1 });
});

it('lists a to-do list that is no JSON', async () => {
  const lab = await sourceLab(opencode, { ...plain().files(), 'storage/todo/ses_a.json': '[{"content":' });
  expect((await lab.run()).faults).toMatchObject([{ reason: 'the file holds no JSON' }]);
  await lab.write({ 'storage/todo/ses_a.json': '[{"content":"Rivers"}]' });
  expect(await lab.run()).toMatchObject({ complete: true, sessions: { changed: 1 } });
  expect((await lab.session('ses_a')).metadata.todo).toEqual([{ content: 'Rivers' }]);
});

it.each([
  ['a to-do list', 'storage/todo/ses_a.json', 'todo', '[{"content":"Rivers"}]'],
  ['a project', 'storage/project/p1.json', 'project', '{"id":"p1","worktree":"/home/eve/lab"}'],
])('keeps %s that cannot be read now, and takes its next form', async (_, name, member, text) => {
  const writer = plain();
  const lab = await sourceLab(opencode, { ...writer.files(), [name]: text });
  await lab.run();
  const told = (await lab.session('ses_a')).metadata[member];
  expect(told).toEqual(JSON.parse(text));
  writer.user('Two');
  const path = join(lab.folder, name);
  await rm(path);
  await symlink(path, path);
  await lab.write(writer.files());
  expect(await lab.run()).toMatchObject({ faults: [{ path }], messages: 3 });
  expect((await lab.session('ses_a')).metadata[member]).toEqual(told);
  await rm(path);
  await lab.run();
  expect(Object.keys((await lab.session('ses_a')).metadata)).not.toContain(member);
});

it('tells of a project that came, or changed, but not of its times alone', async () => {
  const lab = await sourceLab(opencode, plain().files());
  await lab.run();
  const write = (updated: number, worktree: string) =>
    lab.write({ 'storage/project/p1.json': JSON.stringify({ worktree, time: { updated } }) });
  await write(1, '/home/eve');
  expect((await lab.run()).sessions).toMatchObject({ changed: 1 });
  await write(2, '/home/eve');
  expect((await lab.run()).sessions).toMatchObject({ unchanged: 1 });
  await write(3, '/home/eve/lab');
  expect((await lab.run()).sessions).toMatchObject({ changed: 1 });
  expect((await lab.session('ses_a')).metadata.project).toEqual({
    worktree: '/home/eve/lab',
    time: { updated: 3 },
  });
});

it('leaves out the icons of projects, and of what is too large together only the largest', async () => {
  const lab = await sourceLab(opencode, {
    ...plain().files(),
    'storage/project/p1.json': JSON.stringify({ vcs: 'git', icon: { url: `data:,${'x'.repeat(LARGE)}` } }),
    'storage/todo/ses_a.json': JSON.stringify(['t'.repeat(LARGE / 2)]),
    'storage/session_diff/ses_a.json': JSON.stringify(['d'.repeat(LARGE)]),
  });
  const report = await lab.run();
  expect(Object.fromEntries(report.dropped)).toEqual({
    'project.icon': 1,
    'metadata too large or not storable': 1,
  });
  const { metadata } = await lab.session('ses_a');
  expect(metadata).toMatchObject({
    project: { vcs: 'git' },
    todo: ['t'.repeat(LARGE / 2)],
    version: '1.2.0',
  });
  expect(Object.keys(metadata)).not.toContain('session_diff');
});

it('lists a table whose rows cannot be counted, and imports all else', async () => {
  const lab = await sourceLab(opencode);
  const call = tool('c1', 'task', { status: 'completed', input: {}, metadata: { sessionId: 'ses_b' } });
  const writer = new OpencodeWriter().session('ses_a').say('', { parts: [call] });
  writer.session('ses_b', { parentID: 'ses_a' }).user('Help').writeDatabase(lab.folder);
  const path = join(lab.folder, 'opencode.db');
  {
    using database = new DatabaseSync(path);
    database.exec(
      'CREATE TABLE odd (a); INSERT INTO odd VALUES (1); CREATE TABLE zoo (a); INSERT INTO zoo VALUES (1)',
    );
  }
  damageTable(path, 'odd');
  const report = await lab.run();
  expect(report).toMatchObject({
    faults: [{ path, reason: 'cannot count "row of odd": database disk image is malformed' }],
    sessions: { new: 2 },
  });
  expect(Object.fromEntries(report.dropped)).toMatchObject({ 'row of zoo': 1 });
  expect(await lab.session('ses_b')).toMatchObject({ spawnedBy: { toolCallId: 'c1' } });
  expect((await lab.run()).sessions).toMatchObject({ unchanged: 2 });
});

it('lists a storage that cannot be read once', async () => {
  const lab = await sourceLab(opencode);
  await mkdir(lab.folder, { recursive: true });
  const path = join(lab.folder, 'storage');
  await symlink(path, path);
  expect((await lab.run()).faults).toMatchObject([{ path, reason: 'the file cannot be read: ELOOP' }]);
});

it('counts what is left of deleted sessions and messages in files', async () => {
  const { run } = await sourceLab(opencode, {
    ...plain().files(),
    'storage/message/ses_x/msg_x.json': '{}',
    'storage/part/msg_x/prt_x.json': '{}',
    'storage/part/msg_y/prt_y.json': '{}',
    'storage/todo/ses_x.json': '[]',
    'storage/todo/notes.txt': 'Rivers',
    'storage/project/p2.json': '{}',
  });
  expect(Object.fromEntries((await run()).dropped)).toEqual({
    'message without a session': 1,
    'part without a message': 1,
    'todo without a session': 1,
    'file todo/*.txt': 1,
    'project without a session': 1,
  });
});

it('counts what is left of deleted sessions and messages in a database', async () => {
  const lab = await sourceLab(opencode);
  plain().writeDatabase(lab.folder);
  using database = new DatabaseSync(join(lab.folder, 'opencode.db'));
  database.exec(`CREATE TABLE todo (session_id TEXT, content TEXT); INSERT INTO todo VALUES ('ses_x', 'a'), ('ses_a', 'b');
    CREATE TABLE project (id TEXT, icon_url TEXT); INSERT INTO project VALUES ('p1', 'data:,'), ('p2', NULL);
    INSERT INTO session (title) VALUES ('nobody');
    INSERT INTO part (id, message_id, data) VALUES ('prt_x', 'msg_x', '{}')`);
  expect(Object.fromEntries((await lab.run()).dropped)).toEqual({
    'part without a message': 1,
    'todo without a session': 1,
    'project without a session': 1,
    'project.icon': 1,
  });
});
