import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { StorageError } from '../../../../src/model/errors.ts';
import { markedText } from '../../../../src/model/search/snippet.ts';
import { say, TestStore } from '../store.ts';

const LARGE = 10;
const refs = Array.from({ length: LARGE }, (_, ordinal) => ({ sessionId: 'large', ordinal }));

async function openWithLargeMessages() {
  const store = await TestStore.make();
  const repository = await store.open();
  await repository.create({ id: 'large' });
  for (let n = 0; n < LARGE; n += 1) {
    // The word is at the end, and the text is not ASCII.
    await repository.append({ sessionId: 'large', messages: [say(`${'é word '.repeat(100_000)}needle`)] });
  }
  await repository.create({ id: 'small', messages: [say('fox')] });
  while (!(await repository.search({ query: 'fox', limit: 1 })).isComplete);
  return { store, repository };
}

const TRIES = 20;

/**
 * Asks for something long, and then for something small, and returns the order of the answers. Asks again where the long one came first: a busy
 * machine can hold up the thread that asks for as long as the work takes, a twentieth of a second.
 */
async function orderOfAnswers(ask: (answer: (which: string) => void) => Promise<void>): Promise<string[]> {
  let answered: string[] = [];
  for (let tries = 0; tries < TRIES && answered[0] !== 'small'; tries += 1) {
    const now: string[] = [];
    await ask((which) => now.push(which));
    answered = now;
  }
  return answered;
}

test('a small search is answered before long work that was asked for earlier', {
  timeout: 120_000,
}, async () => {
  const { repository } = await openWithLargeMessages();
  const answered = await orderOfAnswers(async (answer) => {
    const long = repository.snippetsOf({ query: 'needle' }, refs).then((snippets) => {
      answer('long');
      return snippets;
    });
    const small = repository.search({ query: 'fox', limit: 1 }).then(() => answer('small'));
    await Promise.all([long, small]);
    const texts = (await long).map((parts) => markedText(parts!));
    expect(new Set(texts)).toEqual(
      new Set(['…é word é word é word é word é word é word é word é word <<needle>>']),
    );
  });
  expect(answered).toEqual(['small', 'long']);
});

test('a store that closes does not wait for long work to its end', { timeout: 120_000 }, async () => {
  const { store, repository } = await openWithLargeMessages();
  const many = Array.from({ length: 50 }, () => repository.snippetsOf({ query: 'needle' }, refs));
  await repository.close();
  const snippets = (await Promise.all(many)).flat();
  expect(snippets).toHaveLength(many.length * LARGE);
  expect(snippets).toContain(null);
  expect(existsSync(store.path('index.clean.json'))).toBe(true);
});

const MANY = 60_000;

test('a small search is answered before one that looks at many messages and finds none', {
  timeout: 120_000,
}, async () => {
  const store = await TestStore.make();
  const repository = await store.open();
  for (let n = 0; n < MANY; n += 1_000) {
    const messages = Array.from({ length: 1_000 }, (_, k) => say(`a common word ${n + k}`));
    await repository.create({ id: `many-${n}`, messages });
  }
  await repository.create({ id: 'small', messages: [say('fox')] });
  while (!(await repository.search({ query: 'fox', limit: 1 })).isComplete);
  const answered = await orderOfAnswers(async (answer) => {
    const long = Array.from({ length: 50 }, () =>
      repository.search({ query: 'common', roles: ['SYSTEM'], limit: 1 }).then((page) => {
        answer('long');
        return page;
      }),
    );
    // This search arrives after all the others have begun.
    await new Promise((resolve) => setTimeout(resolve, 0));
    await repository.search({ query: 'fox', limit: 1 }).then(() => answer('small'));
    for (const page of await Promise.all(long)) expect(page).toMatchObject({ hits: [], isComplete: true });
  });
  expect(answered).toEqual(['small', ...Array(50).fill('long')]);
});

const MADE = 3;

test('a store that closes gives up a long ranking whose step does not end', {
  timeout: 120_000,
}, async () => {
  const store = await TestStore.make();
  const repository = await store.open();
  // A phrase is compared with every place of its first character, in one step for all of these messages.
  for (let n = 0; n < MADE; n += 1) await repository.create({ messages: [say('的'.repeat(300_000))] });
  while (!(await repository.search({ query: '', limit: 1 })).isComplete);
  const long = repository.search({ query: '的'.repeat(500), limit: 1 }).then(
    ({ isComplete }) => isComplete,
    (error: unknown) => {
      expect(error).toBeInstanceOf(StorageError);
      return false;
    },
  );
  // The thread of long rankings has begun, and other searches are answered meanwhile.
  const { hits } = await repository.search({ query: '的', limit: 10 });
  expect(hits).toHaveLength(MADE);
  await repository.close();
  expect(await long).toBe(false);
  expect(existsSync(store.path('index.clean.json'))).toBe(true);
});
