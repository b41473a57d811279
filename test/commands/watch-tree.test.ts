import { stripVTControlCharacters } from 'node:util';
import { ConnectionError, Sessiontree } from '@sessiontree/client';
import { expect, test } from 'vitest';
import { redraw, watchTree } from '../../src/commands/watch-tree.ts';
import { startTestServer } from '../server/running.ts';

test('a drawing that fails ends the watching, with its error', async () => {
  const client = new Sessiontree((await startTestServer()).url);
  await client.sessions.create({ id: 'trip' });
  const draw = () => Promise.reject(new Error('nothing to draw on'));
  await expect(watchTree(client, 'trip', draw, new AbortController().signal)).rejects.toThrow(
    'nothing to draw on',
  );
});

test('a drawing that an interruption cuts short is no failure', async () => {
  const client = new Sessiontree((await startTestServer()).url);
  await client.sessions.create({ id: 'trip' });
  const interruption = new AbortController();
  const draw = async () => interruption.abort();
  await expect(watchTree(client, 'trip', draw, interruption.signal)).resolves.toBeUndefined();
});

test('a drawing that fails while the server begins again is tried again', async () => {
  const client = new Sessiontree((await startTestServer()).url);
  await client.sessions.create({ id: 'trip' });
  const interruption = new AbortController();
  let drawings = 0;
  const draw = async () => {
    drawings += 1;
    if (drawings < 3) throw new ConnectionError('no server', null);
    interruption.abort();
  };
  await watchTree(client, 'trip', draw, interruption.signal);
  expect(drawings).toBe(3);
});

test.for([
  [undefined, ['a', 'b', 'c', '']],
  [5, ['a', 'b', 'c', '']],
  [4, ['a', 'b', 'c', '']],
  [3, ['a', '2 more lines', '']],
  [2, ['3 more lines', '']],
  [1, ['3 more lines']],
] as const)('a terminal of %s rows shows as many lines as fit', ([rows, expected]) => {
  let written = '';
  const write = (text: string | Uint8Array) => {
    written += String(text);
    return true;
  };
  redraw({ rows: rows!, write }, ['a\n', 'b\n', 'c\n']);
  expect(written.startsWith('\u001b[H')).toBe(true);
  expect(stripVTControlCharacters(written).split('\n')).toEqual(expected);
});
