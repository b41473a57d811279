import { expect, onTestFinished, test, vi } from 'vitest';
import { paintFor, prettyLine } from '../../src/server/pretty-line.ts';

const plain = (_style: string, text: string) => text;

/** The line without its time, which is local. */
function shown(fields: object): string {
  const line = { level: 'info', time: '2026-03-01T10:00:00.123Z', ...fields };
  const text = prettyLine(JSON.stringify(line), plain);
  expect(text).toMatch(/^\d\d:\d\d:\d\d {2}.*\n$/s);
  return text.slice('hh:mm:ss  '.length, -1);
}

const REQUEST = {
  msg: 'request',
  requestId: 'r',
  method: 'POST',
  path: '/graphql',
  status: 200,
  milliseconds: 3.21,
};

test.each([
  ['a named operation', { operation: 'query', operationName: 'Tree' }, 'query Tree  3.2 ms'],
  ['one without a name', { operation: 'query', fields: ['store', 'node'] }, 'query { store node }  3.2 ms'],
  ['one whose fields are in fragments', { operation: 'query', fields: [] }, 'query  3.2 ms'],
  ['another request', { method: 'GET', milliseconds: 12.6 }, 'GET /graphql  13 ms'],
  ['a long one', { operation: 'query', operationName: 'Q', milliseconds: 2_345 }, 'query Q  2.3 s'],
  [
    'a typed error',
    { operation: 'mutation', operationName: 'C', refused: ['createSession SessionExistsError'] },
    'mutation C  3.2 ms  createSession SessionExistsError',
  ],
  [
    'a refused document',
    {
      errors: ['GRAPHQL_VALIDATION_FAILED'],
      status: 400,
      messages: ['Cannot query field "a" on type "Query".', 'and 1 more'],
    },
    'POST /graphql  3.2 ms  400 GRAPHQL_VALIDATION_FAILED: Cannot query field "a" on type "Query".; and 1 more',
  ],
  [
    'an error beside data',
    { operation: 'query', operationName: 'Q', errors: ['BAD_USER_INPUT'] },
    'query Q  3.2 ms  BAD_USER_INPUT',
  ],
  [
    'a bug, with the id that its own line has',
    { operation: 'query', operationName: 'Q', errors: ['INTERNAL_SERVER_ERROR'] },
    'query Q  3.2 ms  INTERNAL_SERVER_ERROR requestId=r',
  ],
  [
    'what could garble the terminal',
    { path: '/\u001b[2J\n\u202e', method: 'GET' },
    'GET /\\u001b[2J\\u000a\\u202e  3.2 ms',
  ],
  [
    'the same in a message',
    { errors: ['X'], messages: ['a\r\nb'] },
    'POST /graphql  3.2 ms  X: a\\u000d\\u000ab',
  ],
])('a request is one line for people: %s', (_name, fields, expected) => {
  expect(shown({ ...REQUEST, ...fields })).toBe(expected);
});

test('an event says what happened, then its fields; what the message says already is left out', () => {
  expect(shown({ level: 'warn', msg: 'quarantined', path: 'a\tb', line: 3 })).toBe(
    'warning  quarantined  path=a\\u0009b line=3',
  );
  expect(shown({ msg: 'the API answers at http://x/graphql', url: 'http://x/graphql', data: '/d' })).toBe(
    'the API answers at http://x/graphql  data=/d',
  );
  expect(shown({ msg: 'stopped' })).toBe('stopped');
});

test('an error has its message beside what happened, and its stack below', () => {
  const err = {
    type: 'Error',
    message: 'no\nroom',
    stack: 'Error: no\nroom\n    at f (a.ts:1:2)\n    at g (b.ts:3:4)',
  };
  expect(shown({ level: 'error', msg: 'Internal error', err, requestId: 'r' })).toBe(
    'error  Internal error: no\\u000aroom  requestId=r\n    at f (a.ts:1:2)\n    at g (b.ts:3:4)',
  );
});

test.each([
  ['on a terminal', { TERM: 'xterm-256color' }, true],
  ['with NO_COLOR', { TERM: 'xterm-256color', NO_COLOR: '1' }, false],
  ['on a dumb terminal', { TERM: 'dumb' }, false],
  ['with FORCE_COLOR', { TERM: 'dumb', FORCE_COLOR: '1' }, true],
  ['with FORCE_COLOR=0', { TERM: 'xterm-256color', FORCE_COLOR: '0' }, false],
])('there is colour or none: %s', async (_name, env, coloured) => {
  for (const name of ['NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS', 'CI', 'TMUX', 'COLORTERM'])
    vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { WriteStream } = await import('node:tty');
  const terminal = Object.assign(Object.create(WriteStream.prototype), { isTTY: true }) as NodeJS.WriteStream;
  const text = paintFor(terminal)('green', 'fine');
  expect(text).toBe(coloured ? '\u001b[32mfine\u001b[39m' : 'fine');
});
