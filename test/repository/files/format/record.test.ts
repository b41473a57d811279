import { describe, expect, test } from 'vitest';
import { parseStoreRecord } from '../../../../src/repository/files/format/store-record.ts';
import { parseSessionRecord } from '../../../../src/repository/records/record.ts';

const at = '2026-11-24T09:30:00.000Z';
const answer = {
  removedCount: 2,
  messages: [
    [0, 0, 1],
    [1, 1, 2],
    [2, 2],
  ],
};
const operation = { id: 'retry-1', fingerprint: '0123456789abcdef0123456789abcdef', caller: 'ada', answer };
const stamp = { seq: 7, at, operation };
const mutation = { ...stamp, version: 2, part: 1, parts: 2 };

const session = {
  create: {
    ...mutation,
    op: 'create',
    store: 'store-1',
    id: 'planner-main',
    parentId: 'planner',
    userId: 'ada',
    title: '',
    metadata: { team: 68 },
    createdAt: at,
    lastActiveAt: at,
    forkedFrom: { sessionId: 'planner', messageId: 'planner:3', historyLength: 4 },
  },
  append: {
    ...mutation,
    op: 'append',
    ordinal: 0,
    position: 0,
    createdAt: at,
    messages: [
      {
        role: 'TOOL',
        content: '',
        name: 'search',
        toolCallId: 'call-1',
        payload: [null],
        usage: { inputTokens: 0, outputTokens: 5, costUsd: 0.5 },
        metadata: {},
        createdAt: at,
        paidBefore: { model: 'm', createdAt: at, usage: { inputTokens: 0, outputTokens: 5, costUsd: 0.5 } },
        redactedAt: at,
        replacedAt: at,
      },
    ],
  },
  replace: {
    ...mutation,
    op: 'replace',
    ordinal: 0,
    position: 0,
    messageCount: 1,
    activeAt: at,
    messages: [{ role: 'USER', content: '', createdAt: at }],
  },
  none: { ...mutation, op: 'none' },
  restate: {
    ...mutation,
    op: 'restate',
    nextOrdinal: 0,
    lastActiveAt: at,
    updatedAt: at,
    statusChangedAt: at,
    archivedAt: at,
    paid: [
      {
        day: '2026-11-24',
        model: 'm',
        responses: 1,
        inputTokens: 0,
        outputTokens: 5,
        cacheReadTokens: 0,
        cacheWriteTokens: 0,
        reasoningTokens: 0,
        costUsd: '0.5',
        pricedCount: 1,
      },
    ],
  },
  redact: { ...mutation, op: 'redact', ordinals: [0], reason: '' },
  update: { ...mutation, op: 'update', title: null, metadata: {} },
  truncate: { ...mutation, op: 'truncate', length: 0, messageCount: 0 },
  adopt: { ...mutation, op: 'adopt', store: 'store-1' },
};

const log = {
  store: { op: 'store', format: 2, store: 'store-1', at },
  format: { ...stamp, op: 'format', format: 2 },
  delete: {
    ...stamp,
    op: 'delete',
    sessions: [
      {
        id: 'planner',
        parentId: 'root',
        arrival: 3,
        last: {
          sequence: 3,
          rootId: 'root',
          depth: 1,
          userId: 'ada',
          createdAt: at,
          lastActiveAt: at,
          messageCount: 0,
          historyLength: 0,
          version: 1,
        },
        operations: [{ ...structuredClone(operation), seq: 3, at, ordinal: 0, position: 0 }],
      },
    ],
    reparented: [{ id: 'child', version: 2, arrival: 9 }],
  },
  move: { ...stamp, op: 'move', id: 'planner', version: 2, parentId: 'root', formerParentId: 'other' },
  archive: {
    ...stamp,
    op: 'archive',
    id: 'planner',
    archivedAt: at,
    sessions: [{ id: 'planner', version: 2 }],
  },
  unarchive: { ...stamp, op: 'unarchive', id: 'planner', sessions: [] },
};

/** `value` with the value at `path` replaced by `by`, or left out if `by` is undefined. */
function replaced(value: object, path: string, by: unknown): object {
  const copy = structuredClone(value);
  const keys = path.split('.');
  const last = keys.pop()!;
  const holder = keys.reduce<Record<string, unknown>>(
    (held, key) => held[key] as Record<string, unknown>,
    copy as Record<string, unknown>,
  );
  if (by === undefined) delete holder[last];
  else holder[last] = by;
  return copy;
}

/** The paths of all members of a record, except within members that may be any JSON. */
function pathsIn(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value)
    .filter(([key]) => key !== 'payload' && key !== 'team')
    .flatMap(([key, held]) => pathsIn(held, path ? `${path}.${key}` : key));
  return path ? [path, ...inner] : inner;
}

const optional = [
  'operation',
  'operation.caller',
  'operation.answer',
  'operation.answer.removedCount',
  'operation.answer.messages',
  'part',
  'parts',
  'parentId',
  'userId',
  'title',
  'metadata',
  'createdAt',
  'lastActiveAt',
  'updatedAt',
  'statusChangedAt',
  'forkedFrom',
  'forkedFrom.messageId',
  'messages.0.name',
  'messages.0.toolCallId',
  'messages.0.usage',
  'messages.0.usage.costUsd',
  'messages.0.metadata',
  'messages.0.createdAt',
  'messages.0.paidBefore',
  'messages.0.paidBefore.model',
  'messages.0.paidBefore.usage.costUsd',
  'messages.0.redactedAt',
  'messages.0.replacedAt',
  'activeAt',
  'paid',
  'paid.0.model',
  'paid.0.cacheReadTokens',
  'paid.0.cacheWriteTokens',
  'paid.0.reasoningTokens',
  'paid.0.costUsd',
  'paid.0.pricedCount',
  'sessions.0.parentId',
  'sessions.0.last',
  'sessions.0.last.userId',
  'sessions.0.operations',
  'sessions.0.operations.0.caller',
  'sessions.0.operations.0.answer',
  'sessions.0.operations.0.answer.removedCount',
  'sessions.0.operations.0.answer.messages',
  'sessions.0.operations.0.ordinal',
  'sessions.0.operations.0.position',
  'reparented',
  'formerParentId',
  'archivedAt',
];

describe.each([
  { of: 'a session file', records: session, parse: parseSessionRecord },
  { of: "the store's log", records: log, parse: parseStoreRecord },
])('the records of $of', ({ records, parse }) => {
  test.each(Object.entries(records))('%s is read as it is', (_op, record) => {
    expect(parse(record)).toEqual({ record });
  });

  test.each(Object.entries(records))('%s may have members that this version does not know', (_op, record) => {
    expect(parse({ ...record, later: true })).toHaveProperty('record');
  });

  const places = Object.entries(records).flatMap(([op, record]) =>
    pathsIn(record).map((path) => ({ op, path, record })),
  );

  test.each(places)('$op with another type at $path is refused, and told where', ({ path, record }) => {
    const { fault } = parse(replaced(record, path, true)) as { fault: string };
    expect(fault).toMatch(/^the record is not of this format: /);
    expect(fault.split(': ')[1]).toBe(path);
  });

  test.each(places.filter(({ path }) => !/\.\d+$/.test(path)))(
    '$op without $path is refused, unless it is optional',
    ({ path, record }) => {
      const isKept = 'record' in parse(replaced(record, path, undefined));
      expect(isKept).toBe(optional.includes(path));
    },
  );
});

test.each([
  ['seq', 0],
  ['seq', 1.5],
  ['seq', 2 ** 53],
  ['part', 0],
  ['parts', 1],
  ['version', 0],
  ['ordinal', -1],
  ['messages', []],
  ['messages.0.role', 'USERS'],
  ['messages.0.usage.costUsd', -0.01],
  ['messages.0.usage.inputTokens', '5'],
  ['operation.id', ''],
  ['operation.fingerprint', '0123456789ABCDEF0123456789ABCDEF'],
])('an append whose %s is %j is refused', (path, by) => {
  expect(parseSessionRecord(replaced(session.append, path, by))).toHaveProperty('fault');
});

test.each([
  ['replace', 'messages', []],
  [
    'replace',
    'messages',
    [
      { role: 'USER', content: '' },
      { role: 'USER', content: '' },
    ],
  ],
  ['restate', 'paid.0.day', '2026-11'],
  ['restate', 'paid.0.costUsd', '-1'],
  ['restate', 'paid.0.costUsd', '1e3'],
  ['restate', 'paid.0.costUsd', 1],
  ['redact', 'ordinals', []],
  ['redact', 'ordinals', [-1]],
  ['create', 'operation.answer.isNew', false],
  ['none', 'operation.answer.messages', [[0]]],
  ['none', 'operation.answer.messages', [[0, '1']]],
] as const)('a record "%s" whose %s is %j is refused', (op, path, by) => {
  expect(parseSessionRecord(replaced(session[op], path, by))).toHaveProperty('fault');
});

test('an announcement of a format from before there were announcements is refused', () => {
  expect(parseStoreRecord({ ...log.format, format: 1 })).toHaveProperty('fault');
});

test.each([
  '2026-02-30T00:00:00.000Z',
  '2026-11-24T24:00:00.000Z',
  '2026-11-24T09:60:00.000Z',
  '2026-11-24T09:30:00.000+01:00',
  '2026-11-24 09:30:00.000Z',
  '2026-11-24T09:30Z',
  '2026-11-24',
  '+012026-11-24T09:30:00.000Z',
])('%s is no time', (time) => {
  expect(parseSessionRecord({ ...session.append, at: time })).toEqual({
    fault: 'the record is not of this format: at: expected a time of RFC 3339 in UTC, got another text',
  });
});

test.each(['2024-02-29T23:59:59.999Z', '2026-11-24T09:30:00Z', '2026-11-24T09:30:00.123456Z'])(
  '%s is a time',
  (time) => {
    expect(parseSessionRecord({ ...session.append, at: time })).toHaveProperty('record');
  },
);

test.each([
  ['version', 'a', 'version: expected a whole number from 1 to 2^53 - 1, got another text'],
  ['version', 0, 'version: expected a whole number from 1 to 2^53 - 1, got 0'],
  ['version', undefined, 'version: expected a whole number from 1 to 2^53 - 1, got nothing'],
  ['messages', {}, 'messages: expected a list of 1 or more, got a value of type object'],
  ['messages.0', [], 'messages.0: expected an object, got a list'],
  ['messages.0.name', null, 'messages.0.name: expected text, got null'],
])('of an append whose %s is %j it is told what was expected and what came', (path, by, fault) => {
  expect(parseSessionRecord(replaced(session.append, path, by))).toEqual({
    fault: `the record is not of this format: ${fault}`,
  });
});

test('an unknown kind of record is refused, and told which there are', () => {
  expect(parseSessionRecord({ ...stamp, op: 'move' })).toEqual({
    fault:
      'the record is not of this format: op: expected one of "create", "append", "replace", "none", "restate", "redact", "update", "adopt", "truncate"',
  });
});
