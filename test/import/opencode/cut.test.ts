import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { it } from 'vitest';
import { opencode } from '../../../src/import/opencode/opencode.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import { temporaryDirectory } from '../../support/repository.ts';
import { expectAsWhole, LONG_FORM_MS } from '../cuts.ts';
import { OpencodeWriter, tool } from './store-writer.ts';

/** A session with all that one can have, a subagent of it, one of that, and a fork. */
function tree(number: string): OpencodeWriter {
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => `ses_${number}_${name}`) as [
    string,
    string,
    string,
    string,
  ];
  const task = (callId: string, child: string) =>
    tool(callId, 'task', { status: 'completed', input: {}, output: 'ok', metadata: { sessionId: child } });
  const answer = (parts: JsonObject[], info: JsonObject = {}) =>
    [{ role: 'assistant', modelID: 'model-a', tokens: { input: 9, output: 1 }, ...info }, parts] as const;
  const said = (text: string) => answer([{ type: 'text', text }]);
  const image = { type: 'file', mime: 'image/png', url: 'data:image/png;base64,AAAA' };
  const writer = new OpencodeWriter(number).session(b, { parentID: a }).user('Help');
  writer
    .message(...answer([task('c3', c)]))
    .session(c, { parentID: b })
    .message(...said('deep'));
  writer
    .session(a)
    .user('Ünï 💡', [image])
    .message(...answer([task('c1', b)]));
  writer.message(...answer([tool('c2', 'bash', { status: 'error', error: 'no' })]));
  writer.user('', [{ type: 'compaction', auto: true }]).message(...answer([], { summary: true }));
  const origin = writer.last;
  writer.fork(d, 2).message(...answer([], { error: { name: 'MessageAbortedError' } }));
  writer.sessions.push(...writer.sessions.splice(writer.sessions.indexOf(origin), 1));
  writer.user('Wrong').last.info.revert = { messageID: writer.last.messages.at(-1)!.info.id };
  return writer;
}

it('ends as whole files do, wherever one of them was cut', { timeout: LONG_FORM_MS }, async () => {
  const files = (number: string) => ({
    ...tree(number).files(),
    'storage/project/p1.json': '{"vcs":"git","time":{"created":1}}',
    [`storage/todo/ses_${number}_a.json`]: '[{"content":"Rivers"}]',
    [`storage/session_diff/ses_${number}_b.json`]: '[{"file":"a.txt"}]',
  });
  const names = Object.keys(files('n00000'));
  await expectAsWhole(opencode, files, {
    knowable({ forkedFrom, lastActiveAt, ...state }, { file }) {
      // A fork is known by the time of its first message, which its origin has, too.
      const isOfLink = /session.*_a\.json|message.*(_a.*09|_d.*19)\.json/.test(names[file]!);
      // What was taken back before it was seen was no activity.
      const isTakenBack = /message.*24\.json/.test(names[file]!);
      return {
        ...state,
        ...(!(isOfLink && state.id.endsWith('_d')) && { forkedFrom }),
        ...(!(isTakenBack && state.id.endsWith('_a')) && { lastActiveAt }),
      };
    },
  });
});

it('ends as a whole database does, wherever it was cut', { timeout: LONG_FORM_MS }, async () => {
  const folder = await temporaryDirectory();
  const databases = new Map<string, Buffer>();
  await expectAsWhole(opencode, (number) => {
    if (!databases.has(number)) {
      const [a, b] = [`ses_${number}_a`, `ses_${number}_b`];
      const state = { status: 'error', error: 'no', metadata: { sessionId: b } };
      const parts = [tool('c1', 'task', state)];
      const writer = new OpencodeWriter(number).session(a).user('x'.repeat(600)).say('', { parts });
      // Small pages, so that there are many.
      writer.session(b, { parentID: a }).user('Help').writeDatabase(folder, { pageBytes: 512 });
      using database = new DatabaseSync(join(folder, 'opencode.db'));
      database.exec(`PRAGMA synchronous = OFF; DROP TABLE IF EXISTS project; CREATE TABLE project (id TEXT, vcs TEXT);
        INSERT INTO project VALUES ('p1', 'git')`);
      databases.set(number, readFileSync(join(folder, 'opencode.db')));
    }
    return { 'opencode.db': databases.get(number)! };
  });
});

it('ends as a whole export does, wherever it was cut', { timeout: LONG_FORM_MS }, async () => {
  await expectAsWhole(opencode, (number) => ({ 'export.json': tree(number).exported }), {
    place: 'export.json',
  });
});
