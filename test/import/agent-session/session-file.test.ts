import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileRules } from '../../../src/import/agent-session/file-rules.ts';
import { FileFault } from '../../../src/import/agent-session/read-json.ts';
import { readSessionFile, type SessionFile } from '../../../src/import/agent-session/session-file.ts';
import { sessionMetadata } from '../../../src/import/agent-session/unknown-fields.ts';
import { inputRules } from '../../../src/model/input.ts';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import { directoryOf, sessionFile } from './support.ts';

const rules = fileRules(inputRules(DEFAULT_LIMITS));
const USER = { role: 'user', content: 'hi', timestamp: '2026-03-01T10:00:01Z' };

async function read(content: unknown): Promise<SessionFile> {
  return readSessionFile(join(await directoryOf({ 's.json': content }), 's.json'), rules);
}

const readWith = (fields: Record<string, unknown>) => read(sessionFile('s', fields));

/** JSON text in which `fields` have raw text, which JSON.stringify would not write. */
function rawWith(field: string, raw: string): string {
  return JSON.stringify(sessionFile('s', { [field]: '@' })).replace('"@"', () => raw);
}

describe('a file of the Python module', () => {
  it('gives its session and its messages, roles in upper case', async () => {
    const file = await readWith({
      parent_session_id: 'p',
      created_at: '2026-03-01T10:00:00Z',
      last_active: '2026-03-01T10:05:00Z',
      metadata: { model: 'm', deep: { list: [1, null, 'x'] } },
      history: ['system', 'user', 'assistant', 'tool', 'USER'].map((role) => ({ ...USER, role })),
    });
    expect(file).toMatchObject({ id: 's', parentId: 'p', userId: 'ada', naive: false });
    expect(file.createdAt.date.toISOString()).toBe('2026-03-01T10:00:00.000Z');
    expect(file.lastActiveAt.date.toISOString()).toBe('2026-03-01T10:05:00.000Z');
    expect(file.messages.map(({ role }) => role)).toEqual(['SYSTEM', 'USER', 'ASSISTANT', 'TOOL', 'USER']);
    expect(file.messages[0]).toEqual({
      role: 'SYSTEM',
      content: 'hi',
      createdAt: new Date('2026-03-01T10:00:01Z'),
      metadata: {},
    });
  });

  it.each([
    ['is empty', '', 'the file is empty'],
    ['is filled with NUL bytes', Buffer.alloc(4096), 'the file holds nothing but NUL bytes'],
    ['is not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'the file is not UTF-8'],
    ['is an array', '[1, 2]', 'expected a JSON object, got an array'],
    ['is a text', '"s"', 'expected a JSON object, got "s"'],
    ['is null', 'null', 'expected a JSON object, got null'],
  ])('that %s is refused', async (_, content, message) => {
    await expect(read(content)).rejects.toThrow(new FileFault(message));
  });

  it.each([
    ['is cut', '{"session_id": "s", "his', /^the file is not valid JSON: /],
    ['has text after its end', '{}}', /^the file is not valid JSON: /],
    ['holds NaN', rawWith('metadata', '{"x": NaN}'), /\(NaN and Infinity are not JSON\)/],
    ['holds -Infinity', rawWith('metadata', '[1, -Infinity]'), /\(NaN and Infinity are not JSON\)/],
    [
      'is nested out of all bounds',
      rawWith('metadata', '['.repeat(9_000) + ']'.repeat(9_000)),
      /at most 200 levels/,
    ],
  ])('that %s is refused', async (_, content, message) => {
    await expect(read(content)).rejects.toThrow(message);
  });

  it('that is no regular file any more is refused, without its path', async () => {
    await expect(readSessionFile('/nowhere/s.json', rules)).rejects.toThrow(
      new FileFault('the file cannot be read: ENOENT'),
    );
  });

  it.each([
    ['session_id', '../../outside', 'session_id: expected 1 to 128 letters'],
    ['session_id', 'x'.repeat(129), 'session_id: expected 1 to 128 letters'],
    ['session_id', undefined, 'session_id: expected a string, got nothing'],
    ['parent_session_id', 7, 'parent_session_id: expected a string, got 7'],
    ['user_id', 'x'.repeat(257), 'user_id: expected at most 256 characters (the limit nameLength), got 257'],
    ['created_at', 'yesterday', 'created_at: expected a time such as 2026-03-01T10:00:00.000001'],
    ['created_at', undefined, 'created_at: expected a time such as 2026-03-01T10:00:00.000001'],
    ['last_active', '2026-02-30T00:00:00', 'last_active: expected a time such as'],
    ['metadata', [1], 'metadata: expected a JSON object, got [1]'],
    ['metadata', { x: 'y'.repeat(263_000) }, 'metadata: expected at most 262144 bytes as JSON'],
    ['metadata', { 'a\0b': 1 }, 'metadata: expected well-formed Unicode without NUL'],
    ['history', {}, 'history: expected a list, got {}'],
    ['history', [7], 'history.0: expected an object, got 7'],
    ['history', [USER, { ...USER, role: 'robot' }], 'history.1.role: expected one of SYSTEM, USER'],
    ['history', [{ ...USER, role: 'User' }], 'history.0.role: expected one of SYSTEM, USER'],
    ['history', [{ ...USER, content: null }], 'history.0.content: expected a string, got null'],
    ['history', [{ ...USER, content: 'lone \ud83d' }], 'history.0.content: expected well-formed Unicode'],
    ['history', [{ ...USER, content: 'nul \0' }], 'history.0.content: expected well-formed Unicode'],
    [
      'history',
      [{ ...USER, content: 'é'.repeat(600_000) }],
      'history.0.content: expected at most 1048576 bytes of UTF-8 (the limit contentBytes), got 1200000',
    ],
    ['history', [{ ...USER, timestamp: null }], 'history.0.timestamp: expected a time'],
    ['extra', 'x'.repeat(263_000), 'metadata.imported: expected at most 262144 bytes as JSON'],
  ])('with a bad %s (%#) is refused', async (field, value, message) => {
    await expect(readWith({ [field]: value })).rejects.toThrow(message);
  });

  it('says what came in the place of what it expected', async () => {
    await expect(readWith({ created_at: 'yesterday' })).rejects.toThrow(
      /with or without an offset, got "yesterday"$/,
    );
    const history = [{ ...USER, content: 'lone \ud83d surrogate' }];
    await expect(readWith({ history })).rejects.toThrow(
      /without NUL, got "lone \\ud83d surrogate" with half of a surrogate pair as character 6$/,
    );
  });

  it('with many faults is refused with the first three', async () => {
    const history = Array.from({ length: 8 }, () => ({ ...USER, role: 'robot' }));
    await expect(readWith({ history })).rejects.toThrow(/history\.2\.role: [^;]*; and 5 more$/);
  });

  it('without a parent says so in three ways', async () => {
    expect((await readWith({ parent_session_id: null })).parentId).toBeNull();
    expect((await readWith({ parent_session_id: undefined })).parentId).toBeNull();
    expect((await readWith({ parent_session_id: '' })).parentId).toBeNull();
  });

  it('without history, last_active or a right message_count comes in, and says so', async () => {
    expect((await readWith({ history: undefined })).notes).toEqual([
      'it has no history: imported with an empty one',
    ]);
    const file = await readWith({ last_active: null });
    expect(file.lastActiveAt).toEqual(file.createdAt);
    expect(file.notes).toEqual(['it has no last_active: created_at is used']);
    expect((await readWith({ message_count: 40, history: [USER] })).notes).toEqual([
      'message_count is 40: ignored, its history has 1 user message',
    ]);
  });

  it('keeps what it does not know in metadata, under `imported`, by its own name', async () => {
    const file = await readWith({
      title: 'old',
      __extra__: { a: 1 },
      metadata: { model: 'm' },
      history: [{ ...USER, usage: { tokens: 3 }, metadata: { x: 1 } }],
    });
    expect(sessionMetadata(file.content, {}, rules)).toEqual({
      model: 'm',
      imported: { title: 'old', __extra__: { a: 1 } },
    });
    expect(file.messages[0]?.metadata).toEqual({ imported: { usage: { tokens: 3 }, metadata: { x: 1 } } });
  });

  it('keeps its own `imported` where it has one', async () => {
    const file = await readWith({ title: 'old', metadata: { imported: 1, imported_: 2 } });
    expect(sessionMetadata(file.content, {}, rules)).toEqual({
      imported: 1,
      imported_: 2,
      imported__: { title: 'old' },
    });
  });

  it('keeps a `__proto__` in every place', async () => {
    const raw = '{"__proto__": {"admin": true}, "constructor": {"prototype": {"x": 1}}}';
    const file = await read(rawWith('metadata', raw).replace('{', () => '{"__proto__": [1],'));
    const metadata = JSON.stringify(sessionMetadata(file.content, {}, rules));
    expect(metadata).toBe(
      '{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}},"imported":{"__proto__":[1]}}',
    );
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
  });

  it('keeps a number that a double would change as text, and says so', async () => {
    const raw =
      '{"__proto__": 12345678901234567890, "ok": 9007199254740991, "big": 1e400, "float": 0.1234567890123456789}';
    const file = await read(rawWith('metadata', raw));
    expect(JSON.stringify(sessionMetadata(file.content, {}, rules))).toBe(
      '{"__proto__":"12345678901234567890","ok":9007199254740991,"big":"1e400","float":0.12345678901234568}',
    );
    expect(file.notes).toEqual([
      '12345678901234567890 is beyond the range or precision of a JSON number: imported as text',
      '1e400 is beyond the range or precision of a JSON number: imported as text',
    ]);
  });
});
