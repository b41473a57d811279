import { rmSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { contents, exchange, say, TestStore } from '../store.ts';

let store: TestStore;

const keyed = (content: string, key = 'k') => ({ ...say(content), key });
const NOTHING = { messages: null, removed: null } as const;

/** Flips a bit in each of these lines, and removes the index. The store must be closed. */
function damage(id: string, ...lines: number[]): void {
  store.edit(id, (bytes) => {
    const starts = [0, ...[...bytes.keys()].filter((at) => bytes[at - 1] === 0x0a)];
    const flipped = Buffer.from(bytes);
    for (const line of lines) flipped[starts[line - 1]! + 10]! ^= 1;
    return flipped;
  });
  rmSync(store.path('index.db'));
}

beforeEach(async () => {
  store = await TestStore.make();
});

describe('a damaged line of a message that was replaced', () => {
  const forms = ['first form', 'second form', 'third form'];

  /** Line 2 holds an exchange, lines 3 to 5 the forms of one message. */
  beforeEach(async () => {
    await store.during(async (repository) => {
      await repository.create({ id: 'replaced' });
      await repository.append({ sessionId: 'replaced', messages: exchange(1) });
      for (const form of forms)
        await repository.append({ sessionId: 'replaced', messages: [keyed(form)], onKey: 'REPLACE' });
    });
    expect(store.lines('replaced')).toHaveLength(5);
  });

  it.each([
    ['its first form', [3], 'third form'],
    ['all forms but the last', [3, 4], 'third form'],
    ['its last form', [5], 'second form'],
    ['all forms but the first', [4, 5], 'first form'],
  ])('is reported, and the last form that can be read is served: %s', async (_, lines, shown) => {
    damage('replaced', ...lines);
    const repository = await store.open();
    expect(await contents(repository, 'replaced')).toEqual(['question 1', 'answer 1', shown]);
    const [session] = await repository.findMany(['replaced']);
    expect(session).toMatchObject({ historyLength: 3, messageCount: 2 });
    expect(session!.damage.map(({ line }) => line)).toEqual(lines);

    const written = { sessionId: 'replaced', messages: [keyed('fourth form')], onKey: 'REPLACE' } as const;
    const { messages } = await repository.append(written);
    expect(messages[0]).toMatchObject({ ordinal: 2, position: 2 });
    expect(await contents(repository, 'replaced')).toEqual(['question 1', 'answer 1', 'fourth form']);
  });

  it('leaves no usage below 0, though what the damaged form cost is taken back', async () => {
    const paid = (usage: { inputTokens: number; outputTokens: number; costUsd: number }) => ({
      sessionId: 'paid',
      messages: [{ ...keyed('paid'), usage }],
      onKey: 'REPLACE' as const,
    });
    await store.during(async (repository) => {
      await repository.create({ id: 'paid' });
      await repository.append(paid({ inputTokens: 9, outputTokens: 1, costUsd: 0.5 }));
      await repository.append(paid({ inputTokens: 4, outputTokens: 3, costUsd: 0.25 }));
    });
    damage('paid', 2);
    const [session] = await store.during((repository) => repository.findMany(['paid']));
    expect(session!.usage).toMatchObject({ inputTokens: 0, outputTokens: 2, costUsd: 0 });
  });

  it('leaves a gap where no form can be read', async () => {
    await store.during((repository) =>
      repository.append({ sessionId: 'replaced', messages: [say('after it')] }),
    );
    damage('replaced', 3, 4, 5);
    const repository = await store.open();
    expect(await contents(repository, 'replaced')).toEqual(['question 1', 'answer 1', 'after it']);
    const { messages } = await repository.append({ sessionId: 'replaced', messages: [say('next')] });
    expect(messages[0]).toMatchObject({ ordinal: 4, position: 4 });
  });
});

describe('a damaged rollback and appends after it', () => {
  /** The history a, b, c, d became a, e, f, g; then f got another form. Lines 2 to 5, 6 to 9 and 10 say so. */
  beforeEach(async () => {
    await store.during(async (repository) => {
      await repository.create({ id: 'rolled', messages: ['a', 'b', 'c', 'd'].map((key) => keyed(key, key)) });
      const after = { sessionId: 'rolled', keep: 1, messages: ['e', 'f', 'g'].map((key) => keyed(key, key)) };
      await repository.writeHistory(after, NOTHING);
      const form = keyed('f again', 'f');
      await repository.append({ sessionId: 'rolled', messages: [form], onKey: 'REPLACE' });
    });
    expect(store.lines('rolled')).toHaveLength(10);
  });

  it.each([
    ['the rollback', [6], ['a', 'e', 'f again', 'g']],
    ['all that it appended', [6, 7, 8, 9], ['a', 'b', 'f again']],
    ['all but the last', [6, 7, 8], ['a', 'b', 'f again', 'g']],
  ])('leave no message where a replaced one stands: %s', async (_, lines, history) => {
    damage('rolled', ...lines);
    const repository = await store.open();
    expect(await contents(repository, 'rolled')).toEqual(history);
    const [session] = await repository.findMany(['rolled']);
    expect(session!.messageCount).toBe(history.length);

    await repository.append({ sessionId: 'rolled', messages: [say('next')] });
    expect(await contents(repository, 'rolled')).toEqual([...history, 'next']);
    await repository.close();
    rmSync(store.path('index.db'));
    expect(await store.during((again) => contents(again, 'rolled'))).toEqual([...history, 'next']);
  });
});
