import {
  type AgentInputItem,
  isSessionHistoryRewriteAwareSession,
  isSessionHistoryTransactionAwareSession,
  type SessionHistoryTransaction,
} from '@openai/agents';
import { functionCall } from '@openai/agents/testing';
import { ConflictError, InvalidInputError } from '@sessiontree/client';
import { expect, test } from 'vitest';
import { CountedClient } from '../../support/counted-client.ts';
import { startServer } from '../../support/server.ts';
import { SessiontreeSession } from '../src/index.ts';
import { messagesOf, rejection, user, users } from './support.ts';

const url = await startServer();
const client = new CountedClient(url);
const newSession = (key: string) => new SessiontreeSession(client, { key });

function append(...items: AgentInputItem[]): SessionHistoryTransaction {
  return { type: 'append_items', items };
}

function replace(expectedSuffix: AgentInputItem[], replacement: AgentInputItem[]): SessionHistoryTransaction {
  return { type: 'replace_suffix', expectedSuffix, replacement };
}

/** An item that the server refuses. */
function tooDeep(): AgentInputItem {
  return { type: 'unknown', providerData: { deep: JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`) } };
}

test('a session has both optional capabilities of the SDK', () => {
  expect(isSessionHistoryTransactionAwareSession(newSession('x'))).toBe(true);
  expect(isSessionHistoryRewriteAwareSession(newSession('x'))).toBe(true);
});

test('append and replace_suffix are one request each, right after one another, and after a read', async () => {
  const session = newSession('requests');
  await session.addItems(users('0'));
  const appended = await client.requestsOf(() =>
    session.applyHistoryTransaction({ operationId: '1', transaction: append(...users('1', '2', '3')) }),
  );
  const replaced = await client.requestsOf(() =>
    session.applyHistoryTransaction({ operationId: '2', transaction: replace(users('2', '3'), users('b')) }),
  );
  const reader = newSession('requests');
  await reader.getItems();
  const replacedByReader = await client.requestsOf(() =>
    reader.applyHistoryTransaction({ operationId: '3', transaction: replace(users('b'), users('c', 'd')) }),
  );
  expect([appended, replaced, replacedByReader]).toEqual([1, 1, 1]);
  expect(await session.getItems()).toEqual(users('0', '1', 'c', 'd'));
});

test('replace_suffix after adds and a pop is still one request', async () => {
  const session = newSession('mixed');
  await session.addItems(users('1', '2'));
  await session.addItems(users('3', '4'));
  await session.popItem();
  const transaction = replace(users('2', '3'), users('b'));
  expect(
    await client.requestsOf(() => session.applyHistoryTransaction({ operationId: 'm', transaction })),
  ).toBe(1);
  expect(await session.getItems()).toEqual(users('1', 'b'));
});

test('replace_suffix in a process that has seen nothing reads the end first', async () => {
  await newSession('fresh').addItems(users('1', '2'));
  const session = newSession('fresh');
  const transaction = replace(users('2'), users('b'));
  expect(
    await client.requestsOf(() => session.applyHistoryTransaction({ operationId: 'f', transaction })),
  ).toBe(2);
  expect(await session.getItems()).toEqual(users('1', 'b'));
});

test('replace_suffix after another process has written takes three requests', async () => {
  const [session, other] = [newSession('overtaken'), newSession('overtaken')];
  await session.addItems(users('1', '2'));
  await other.addItems(users('3'));
  await other.popItem();
  const transaction = replace(users('2'), users('b'));
  expect(
    await client.requestsOf(() => session.applyHistoryTransaction({ operationId: 'o', transaction })),
  ).toBe(3);
  expect(await session.getItems()).toEqual(users('1', 'b'));
});

test('the order of keys in an item does not matter for the suffix', async () => {
  const session = newSession('keys');
  await session.addItems([{ role: 'user', content: 'a', providerData: { x: 1, y: [2] } }]);
  const same: AgentInputItem = { providerData: { y: [2], x: 1 }, content: 'a', role: 'user' };
  await session.applyHistoryTransaction({ operationId: 'k', transaction: replace([same], users('b')) });
  expect(await session.getItems()).toEqual(users('b'));
});

test('a suffix of hundreds of items is replaced', async () => {
  const session = newSession('hundreds');
  const items = users(...Array.from({ length: 300 }, (_, n) => `${n}`));
  await session.addItems(items);
  const transaction = replace(items.slice(50), users('rest'));
  await session.applyHistoryTransaction({ operationId: 'h', transaction });
  expect(await session.getItems()).toEqual([...items.slice(0, 50), user('rest')]);
});

test('an empty suffix appends', async () => {
  const session = newSession('empty suffix');
  await session.applyHistoryTransaction({ operationId: 'e', transaction: replace([], users('1')) });
  expect(await session.getItems()).toEqual(users('1'));
});

test('a suffix that the history does not end with is refused, and nothing changes', async () => {
  const session = newSession('mismatch');
  await session.addItems(users('1', '2'));
  for (const suffix of [users('1'), users('2', '3'), users('0', '1', '2')]) {
    const transaction = replace(suffix, users('b'));
    const error = await rejection(session.applyHistoryTransaction({ operationId: 'n', transaction }));
    expect(error).toBeInstanceOf(ConflictError);
    expect(String(error)).toContain('"mismatch" to end with');
  }
  expect(await session.getItems()).toEqual(users('1', '2'));
  const nowhere = newSession('nowhere').applyHistoryTransaction({
    operationId: 'n',
    transaction: replace(users('1'), users('2')),
  });
  expect(await rejection(nowhere)).toBeInstanceOf(ConflictError);
  expect(await client.sessions.get({ key: 'nowhere' })).toBeNull();
});

test('a suffix that another process has changed since is refused, and its items stay', async () => {
  const session = newSession('changed');
  await session.addItems(users('1', '2'));
  await newSession('changed').addItems(users('theirs'));
  const transaction = replace(users('2'), users('b'));
  expect(await rejection(session.applyHistoryTransaction({ operationId: 'c', transaction }))).toBeInstanceOf(
    ConflictError,
  );
  expect(await session.getItems()).toEqual(users('1', '2', 'theirs'));
});

test('a suffix with the item of another process within is refused, also after an own add', async () => {
  const session = newSession('between');
  await session.addItems(users('1', '2'));
  await newSession('between').addItems(users('theirs'));
  await session.addItems(users('3'));
  const transaction = replace(users('2', '3'), users('b'));
  expect(await rejection(session.applyHistoryTransaction({ operationId: 'b', transaction }))).toBeInstanceOf(
    ConflictError,
  );
  expect(await session.getItems()).toEqual(users('1', '2', 'theirs', '3'));
});

test('a suffix stays the expected one while others change the rest of the session', async () => {
  const session = newSession('renamed');
  await session.addItems(users('1', '2'));
  await client.sessions.update((await client.sessions.get({ key: 'renamed' }))!.id, { title: 'New' });
  await session.applyHistoryTransaction({ operationId: 'r', transaction: replace(users('2'), users('b')) });
  expect(await session.getItems()).toEqual(users('1', 'b'));
});

test('a replacement that the server refuses loses none of the items', async () => {
  const session = newSession('refused');
  await session.addItems(users('1', '2'));
  const transaction = replace(users('1', '2'), [user('b'), tooDeep()]);
  expect(await rejection(session.applyHistoryTransaction({ operationId: 'x', transaction }))).toBeInstanceOf(
    InvalidInputError,
  );
  expect(await session.getItems()).toEqual(users('1', '2'));
  // The id was not used up.
  await session.applyHistoryTransaction({ operationId: 'x', transaction: replace(users('2'), users('b')) });
  expect(await session.getItems()).toEqual(users('1', 'b'));
});

test('a compaction that the server refuses loses none of the items', async () => {
  const session = newSession('refused compaction');
  await session.addItems(users('1', '2'));
  expect(await rejection(session.replaceHistoryWithCompaction([user('b'), tooDeep()]))).toBeInstanceOf(
    InvalidInputError,
  );
  expect(await session.getItems()).toEqual(users('1', '2'));
});

test('a transaction is done once, however often and by whichever process it is sent', async () => {
  const first = newSession('twice');
  const appending = { operationId: 'a', transaction: append(...users('1', '2')) };
  const replacing = { operationId: 'b', transaction: replace(users('2'), users('b', 'c')) };
  for (const session of [first, first, newSession('twice')]) await session.applyHistoryTransaction(appending);
  for (const session of [first, first, newSession('twice')]) await session.applyHistoryTransaction(replacing);
  expect(await first.getItems()).toEqual(users('1', 'b', 'c'));
  // Also after others have written.
  await newSession('twice').addItems(users('d'));
  for (const args of [appending, replacing]) {
    await newSession('twice').applyHistoryTransaction(args);
    await first.applyHistoryTransaction(args);
  }
  expect(await first.getItems()).toEqual(users('1', 'b', 'c', 'd'));
});

test('a transaction is the same one with other options of the session', async () => {
  const appending = { operationId: 'a', transaction: append(functionCall('f', {}, { callId: 'c' })) };
  for (const title of ['First', 'Second'])
    await new SessiontreeSession(client, { key: 'options', title, model: title }).applyHistoryTransaction(
      appending,
    );
  expect(await newSession('options').getItems()).toHaveLength(1);
  expect(await client.sessions.get({ key: 'options' })).toMatchObject({ title: 'First' });
});

test('what a repeated transaction answers is not taken for the end of the history', async () => {
  const session = newSession('repeated');
  const appending = { operationId: 'a', transaction: append(...users('1')) };
  await session.applyHistoryTransaction(appending);
  await newSession('repeated').addItems(users('theirs'));
  const other = newSession('repeated');
  await other.applyHistoryTransaction(appending);
  const replacing = { operationId: 'b', transaction: replace(users('1'), users('mine')) };
  expect(await rejection(other.applyHistoryTransaction(replacing))).toBeInstanceOf(ConflictError);
  expect(await session.getItems()).toEqual(users('1', 'theirs'));
});

test('an operationId with another transaction is refused, and nothing changes', async () => {
  const session = newSession('other');
  await session.addItems(users('0'));
  await session.applyHistoryTransaction({ operationId: 'a', transaction: append(...users('1')) });
  await session.applyHistoryTransaction({ operationId: 'r', transaction: replace(users('1'), users('2')) });
  const others: [string, SessionHistoryTransaction][] = [
    ['a', append(...users('2'))],
    ['a', replace(users('2'), users('1'))],
    ['r', replace(users('2'), users('3'))],
    ['r', replace(users('other'), users('2'))],
    ['r', append(...users('2'))],
  ];
  for (const process of [session, newSession('other')])
    for (const [operationId, transaction] of others)
      expect(
        await rejection(process.applyHistoryTransaction({ operationId, transaction })),
        `${operationId} ${JSON.stringify(transaction)}`,
      ).toBeInstanceOf(ConflictError);
  expect(await session.getItems()).toEqual(users('0', '2'));
});

test('an operationId is one of its session: another session can use it, and a long one is taken', async () => {
  const operationId = 'o'.repeat(1_000);
  for (const key of ['one', 'two']) {
    await newSession(key).applyHistoryTransaction({ operationId, transaction: append(...users(key)) });
    expect(await newSession(key).getItems()).toEqual(users(key));
  }
  const blank = newSession('one').applyHistoryTransaction({ operationId: ' ', transaction: append() });
  expect(String(await rejection(blank))).toContain('not blank');
});

test('of many replacements of one suffix at once, one is done', async () => {
  const session = newSession('race');
  await session.addItems(users('1', '2'));
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, (_, n) =>
      newSession('race').applyHistoryTransaction({
        operationId: `${n}`,
        transaction: replace(users('2'), users(`b${n}`)),
      }),
    ),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
  expect(await session.getItems()).toEqual(users('1', `b${winner}`));
});

test('a compaction takes the place of all items in one step', async () => {
  const session = newSession('compaction');
  await session.addItems(users('1', '2', '3'));
  const compacted: AgentInputItem[] = [{ type: 'compaction', encrypted_content: 'x' }, user('3')];
  await session.replaceHistoryWithCompaction(compacted);
  expect(await session.getItems()).toEqual(compacted);
  expect(await messagesOf(client, 'compaction')).toMatchObject([
    { role: 'EVENT', kind: 'compaction' },
    { role: 'USER', content: '3' },
  ]);
});

test('a function call is replaced in its place, and further ones with its id go', async () => {
  const session = newSession('mutations');
  const result: AgentInputItem = {
    type: 'function_call_result',
    name: 'f',
    callId: 'c1',
    status: 'completed',
    output: 'ok',
  };
  await session.addItems([
    user('a'),
    functionCall('f', { n: 1 }, { callId: 'c1' }),
    functionCall('f', { n: 2 }, { callId: 'c2' }),
    functionCall('f', { n: 1 }, { callId: 'c1' }),
    result,
  ]);
  const before = await messagesOf(client, 'mutations');
  const replacement = functionCall('f', { n: 9 }, { callId: 'c1' });
  const mutations = [{ type: 'replace_function_call' as const, callId: 'c1', replacement }];
  expect(await client.requestsOf(async () => session.applyHistoryMutations({ mutations }))).toBe(2);
  expect(await session.getItems()).toEqual([
    user('a'),
    replacement,
    functionCall('f', { n: 2 }, { callId: 'c2' }),
    result,
  ]);
  const after = await messagesOf(client, 'mutations');
  expect(after[1]!.createdAt).toBe(before[1]!.createdAt);
  await session.applyHistoryMutations({ mutations: [{ ...mutations[0]!, callId: 'none' }] });
  expect(await messagesOf(client, 'mutations')).toEqual(after);
});
