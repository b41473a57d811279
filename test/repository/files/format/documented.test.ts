import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sessionPath } from '../../../../src/repository/files/format/layout.ts';
import { decodeLine, encodeLine } from '../../../../src/repository/files/format/line.ts';
import { parseStoreRecord } from '../../../../src/repository/files/format/store-record.ts';
import { openFileRepository } from '../../../../src/repository/files/open.ts';
import { parseSessionRecord } from '../../../../src/repository/records/record.ts';
import { temporaryDirectory } from '../../../support/repository.ts';
import { writeKindsByHand } from './by-hand.ts';
import { writeOfEveryKind } from './every-kind.ts';
import {
  type DocumentedMember,
  documentedOps,
  exampleLines,
  rowsUnder,
  specificationAt,
} from './format-page.ts';

interface JsonRecord {
  readonly [member: string]: unknown;
}

function integerFrom(least: number): (value: unknown) => boolean {
  return (value) => Number.isSafeInteger(value) && (value as number) >= least;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** By what a table says of a member's type. */
const HOLDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  'integer from 0': integerFrom(0),
  'integer from 1': integerFrom(1),
  'integer from 2': integerFrom(2),
  string: (value) => typeof value === 'string',
  'string or null': (value) => value === null || typeof value === 'string',
  time: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value),
  object: isObject,
  'array of integers from 0': (value) => Array.isArray(value) && value.every(integerFrom(0)),
  'array of objects': (value) => Array.isArray(value) && value.every((each) => isObject(each)),
  'any JSON': (value) => value !== undefined,
  true: (value) => value === true,
};

const OPS = {
  log: ['store', 'format', 'delete', 'move', 'archive', 'unarchive'],
  session: ['create', 'append', 'replace', 'update', 'truncate', 'none', 'adopt', 'restate', 'redact'],
  journal: ['journal', 'write'],
};
type File = keyof typeof OPS;

/** What stands on the lines of a store in which every mutation was made. */
const written: Record<File, JsonRecord[]> = { log: [], session: [], journal: [] };
const entriesOfDirectory = new Set<string>();
const directories = ['every', 'other', 'copy'].map((name) =>
  mkdtempSync(join(tmpdir(), `sessiontree-${name}-`)),
);

beforeAll(async () => {
  const [directory, other, copy] = directories as [string, string, string];
  const elsewhere = await openFileRepository({ directory: other });
  await elsewhere.create({ id: 'adopted' });
  await elsewhere.close();
  const note = () => {
    for (const name of readdirSync(directory)) entriesOfDirectory.add(name);
  };
  const header = { op: 'store', format: 1, store: 'a store of format 1', at: '2026-11-24T03:47:29.557Z' };
  writeFileSync(join(directory, 'store.jsonl'), encodeLine(header));
  let repository = await openFileRepository({ directory });
  await writeOfEveryKind(repository);
  note();
  for (const name of readdirSync(join(directory, 'journal')))
    written.journal.push(...recordsIn(join(directory, 'journal', name)));
  await repository.close();
  note();
  const adopted = sessionPath('adopted');
  cpSync(join(other, adopted), join(directory, adopted));
  repository = await openFileRepository({ directory });
  const copied = await openFileRepository({ directory: copy });
  await copied.load(repository.dump());
  await copied.close();
  await repository.close();
  writeKindsByHand(directory);
  for (const each of [directory, copy]) noteRecords(each);
});

function noteRecords(directory: string): void {
  written.log.push(...recordsIn(join(directory, 'store.jsonl')));
  for (const path of readdirSync(join(directory, 'sessions'), { recursive: true, encoding: 'utf8' }))
    if (path.endsWith('.jsonl')) written.session.push(...recordsIn(join(directory, 'sessions', path)));
}

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true });
});

/** The objects on the lines of a file; of a journal, also those on the lines that are to be written. */
function recordsIn(path: string): JsonRecord[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as JsonRecord);
}

const recordsOf = (...ops: readonly string[]) =>
  Object.values(written)
    .flat()
    .filter((record) => ops.includes(record.op as string));

const EVERY_MUTATION = specificationAt('## Mutations');
const MESSAGE = specificationAt('A message:');
const COPY = specificationAt('## Copies of other stores');
const specificationOf = (op: string) =>
  op === 'write' ? specificationAt('## The journal') : specificationAt(`\`"op":"${op}"\``);

const MUTATIONS = [...OPS.session, ...OPS.log.filter((op) => op !== 'store')];
/** Records that hold messages. */
const OF_MESSAGES = ['append', 'replace'];
/** Records that hold operations of a copied store. */
const OF_COPIES = ['none', 'delete'];
/** Members of every mutation that stand in session files alone. */
const OF_SESSIONS = ['version', 'part', 'parts'];

interface Table {
  /** What it is of. */
  readonly of: string;
  readonly members: readonly DocumentedMember[];
  /** The records that have such a thing. */
  readonly ops: readonly string[];
  /** The member that lists the things; null where they are the records. */
  readonly list: string | null;
}

const membersAmong = (isAmong: boolean) =>
  EVERY_MUTATION.members.filter(({ name }) => OF_SESSIONS.includes(name) === isAmong);
/** All tables of members. */
const TABLES: readonly Table[] = [
  { of: 'a mutation', members: membersAmong(false), ops: MUTATIONS, list: null },
  { of: 'a mutation in a session file', members: membersAmong(true), ops: OPS.session, list: null },
  ...['create', 'append', 'replace', 'update', 'truncate', 'restate', 'redact', 'write'].map((op) => ({
    of: `a record "${op}"`,
    members: specificationOf(op).members,
    ops: [op],
    list: null,
  })),
  { of: 'a message', members: MESSAGE.members, ops: OF_MESSAGES, list: 'messages' },
  { of: 'a deleted session', members: specificationOf('delete').members, ops: ['delete'], list: 'sessions' },
];
const ROWS = TABLES.flatMap(({ members, ...table }) => members.map((member) => ({ ...table, ...member })));

/** What a table is of, as it was written; each with the record that it makes where another stands in its place. */
function instancesOf({ ops, list }: Pick<Table, 'ops' | 'list'>) {
  return recordsOf(...ops).flatMap((record) => {
    if (list === null) return [{ value: record, inRecord: (other: JsonRecord) => other }];
    const values = record[list] as readonly JsonRecord[];
    return values.map((value, n) => ({
      value,
      inRecord: (other: JsonRecord) => ({ ...record, [list]: values.with(n, other) }),
    }));
  });
}

/** True if the reader of a store's files takes a record for one. */
function isRecord(record: JsonRecord): boolean {
  const parsed = OPS.log.includes(record.op as string)
    ? parseStoreRecord(record)
    : parseSessionRecord(record);
  return 'record' in parsed;
}

/** Names of members, wherever they stand in a value; what stands in metadata and payloads is the client's. */
function namesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(namesIn);
  return Object.entries(value).flatMap(([name, held]) =>
    ['metadata', 'payload', 'arguments'].includes(name) ? [name] : [name, ...namesIn(held)],
  );
}

describe('what FORMAT.md says of records', () => {
  test('names every kind of record that is written, and no other', () => {
    const kinds = new Set(Object.values(written).flatMap((records) => records.map(({ op }) => op)));
    expect([...kinds].sort()).toEqual([...new Set([...documentedOps(), 'write'])].sort());
  });

  test.each(Object.values(OPS).flat())('names every member of a record "%s"', (op) => {
    const documented = [
      EVERY_MUTATION,
      specificationOf(op),
      ...(OF_MESSAGES.includes(op) ? [MESSAGE] : []),
      ...(OF_COPIES.includes(op) ? [COPY] : []),
    ];
    const names = new Set(['crc', ...documented.flatMap((each) => each.names)]);
    const records = recordsOf(op);
    expect(records.length).toBeGreaterThan(0);
    expect(namesIn(records).filter((name) => !names.has(name))).toEqual([]);
  });

  test.each(ROWS)(
    '$of has $name as its row says when it is written',
    ({ name, type, isOptional, ...table }) => {
      const values = instancesOf(table).map(({ value }) => value[name]);
      const present = values.filter((value) => value !== undefined);
      expect(present.length).toBeGreaterThan(0);
      expect(present.filter((value) => !HOLDS[type]!(value))).toEqual([]);
      if (!isOptional) expect(present.length).toBe(values.length);
    },
  );

  test.each(ROWS.filter(({ ops }) => !ops.includes('write')))(
    '$of is read with $name as its row says, and not otherwise',
    ({ name, type, isOptional, ...table }) => {
      const { value, inRecord } = instancesOf(table).find((each) => each.value[name] !== undefined)!;
      const isRead = (other: JsonRecord) => isRecord(inRecord(other));
      expect(isRead(value)).toBe(true);
      const { [name]: _, ...without } = value;
      expect(isRead(without)).toBe(isOptional);
      const least = /^integer from (\d)$/.exec(type)?.[1];
      if (least !== undefined) expect(isRead({ ...value, [name]: Number(least) })).toBe(true);
      const others = [null, true, 'x', {}, [{}], [1], -1, 0, 1, 1.5].filter((each) => !HOLDS[type]!(each));
      expect(others.filter((other) => isRead({ ...value, [name]: other }))).toEqual([]);
    },
  );
});

describe('what FORMAT.md says of files', () => {
  test('names all that a data directory holds', () => {
    const names = rowsUnder('path').flatMap(([paths]) =>
      [...paths!.matchAll(/`([^`/]+)/g)].map(([, name]) => name!),
    );
    expect([...entriesOfDirectory].filter((name) => !names.includes(name))).toEqual([]);
    expect(entriesOfDirectory.size).toBeGreaterThan(5);
  });

  test.each(rowsUnder('id').map((cells) => cells.map((cell) => cell.replaceAll('`', ''))))(
    'session %s, with checksum %s, has the file %s',
    (id, checksum, path) => {
      expect(crc32(id!).toString(16).padStart(8, '0')).toBe(checksum);
      expect(sessionPath(id!)).toBe(path);
    },
  );

  test.each(exampleLines())('the example %s is a line, and of a store that can be opened', async (line) => {
    expect(decodeLine(Buffer.from(line))).toHaveProperty('record');
    const directory = await temporaryDirectory();
    writeFileSync(join(directory, 'store.jsonl'), `${line}\n`);
    const repository = await openFileRepository({ directory });
    expect(await repository.status()).toEqual({ sessionCount: 0, messageCount: 0, quarantined: [] });
    await repository.close();
  });
});
