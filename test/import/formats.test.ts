import { createHook } from 'node:async_hooks';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { FORMATS, formatsAt } from '../../src/import/formats.ts';
import { importSessions } from '../../src/import/import-sessions.ts';
import { isExport } from '../../src/import/sessiontree/files.ts';
import { DryRunTarget } from '../../src/import/target/dry-run-target.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { Transcript, writeFiles } from './claude/transcript.ts';
import { Rollout } from './codex/rollout.ts';
import { OpencodeWriter } from './opencode/store-writer.ts';

const rollout = new Rollout('0aa11111-0000-7000-8000-000000000001').turn('t').user('Hi');
const transcript = new Transcript('one');
transcript.user('Hi');

const PLACES: [format: string | null, files: Record<string, string>][] = [
  ['claude', { 'projects/-home-eve-lab/one.jsonl': transcript.text }],
  ['codex', { [rollout.name]: rollout.text }],
  ['opencode', new OpencodeWriter().session('ses_a').user('Hi').files()],
  ['gemini', { 'lab/chats/session-1.jsonl': '{"sessionId":"g1","startTime":"2026-03-01T10:00:00Z"}\n' }],
  ['chatgpt', { 'conversations.json': '[{"id":"c","mapping":{}}]' }],
  ['claude-ai', { 'conversations.json': '[{"uuid":"u","chat_messages":[]}]' }],
  [null, { 'planner.json': '{"session_id":"planner","history":[]}' }],
  [null, {}],
];

it.each(PLACES)('recognises %s by what a directory holds, and nothing else', async (format, files) => {
  const folder = await temporaryDirectory();
  await writeFiles(folder, files);
  const found: string[] = [];
  for (const { name, recognises } of FORMATS) if (await recognises(folder)) found.push(name);
  expect(found).toEqual(format === null ? [] : [format]);
  expect(await isExport(folder)).toBe(false);
});

it.each(PLACES.filter(([format]) => format !== 'opencode'))(
  'recognises %s by one of its files',
  async (format, files) => {
    const folder = await temporaryDirectory();
    await writeFiles(folder, files);
    for (const file of Object.keys(files)) {
      const found: string[] = [];
      for (const { name, recognises } of FORMATS) if (await recognises(join(folder, file))) found.push(name);
      expect(found).toEqual(format === null ? [] : [format]);
    }
  },
);

it('looks at few directories to recognise a path, however many there are', async () => {
  const folder = await temporaryDirectory();
  for (let n = 0; n < 1_000; n += 1) await mkdir(join(folder, 'lab', `${n}`), { recursive: true });
  let requests = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === 'FSREQPROMISE') requests += 1;
    },
  });
  hook.enable();
  onTestFinished(() => void hook.disable());
  expect(await formatsAt(folder)).toEqual([]);
  expect(requests).toBeGreaterThan(0);
  expect(requests).toBeLessThan(500);
});

it('takes no folder "storage" that it cannot read for one of opencode', async () => {
  const folder = await temporaryDirectory();
  await symlink('storage', join(folder, 'storage'));
  expect(await formatsAt(folder)).toEqual([]);
});

it.each(FORMATS.filter(({ defaultPlaces }) => defaultPlaces({}, '').length > 0))(
  '$name is not faulty where there are no sessions: a program that was never used',
  async (format) => {
    const path = await temporaryDirectory();
    const report = await importSessions([{ format, path }], new DryRunTarget(null, DEFAULT_LIMITS));
    expect(report).toMatchObject({ complete: true, notes: [`${path}: no sessions of ${format.title}`] });
  },
);

it.each(FORMATS)('$name lists a path that cannot be read', async ({ survey }) => {
  const path = join(await temporaryDirectory(), 'none');
  const items: unknown[] = [];
  for await (const item of survey(path, { onFile: () => {}, now: 0 })) items.push(item);
  expect(items).toMatchObject([{ type: 'fault', path, reason: expect.stringContaining('cannot be read') }]);
});
