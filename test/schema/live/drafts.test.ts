import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { DEFAULT_LIMITS, type Limits } from '../../../src/model/limits.ts';
import type { DraftPart, DraftUpdate } from '../../../src/schema/live/draft.ts';
import type { DraftWatcher } from '../../../src/schema/live/draft-watcher.ts';
import { Drafts } from '../../../src/schema/live/drafts.ts';

const { draftMs } = DEFAULT_LIMITS;

/** Time passes only when a test says so. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
});

const part = (given: Partial<DraftPart>): DraftPart => ({
  sessionId: 's',
  key: 'k',
  role: 'ASSISTANT',
  ...given,
});

function openDrafts(limits: Partial<Limits> = {}) {
  const drafts = new Drafts({ ...DEFAULT_LIMITS, ...limits });
  /** One call of the agent. */
  const say = (given: Partial<DraftPart>) => {
    const added = part(given);
    if (drafts.add(added)) drafts.show(added);
  };
  return { drafts, say };
}

const asked = new WeakMap<DraftWatcher, Promise<DraftUpdate | null>>();

/** What a watcher gets next, without what is the same in all tests; `null` if nothing waits for it. */
async function nextOf(watcher: DraftWatcher): Promise<Partial<DraftUpdate> | null> {
  const next = asked.get(watcher) ?? watcher.next();
  asked.set(watcher, next);
  const nothing = new Promise<'nothing'>((resolve) => setImmediate(resolve, 'nothing'));
  const update = await Promise.race([next, nothing]);
  if (update === 'nothing') return null;
  asked.delete(watcher);
  if (update === null) return null;
  const { sessionId, role, reasoningDelta, chunks, isWritten, ...rest } = update;
  return {
    ...rest,
    ...(reasoningDelta !== '' && { reasoningDelta }),
    ...(chunks.length > 0 && { chunks }),
    ...(isWritten && { isWritten }),
  };
}

const whole = (delta: string, more: Partial<DraftUpdate> = {}) => ({
  key: 'k',
  isWhole: true,
  delta,
  isDone: false,
  ...more,
});
const further = (delta: string, more: Partial<DraftUpdate> = {}) => ({
  ...whole(delta, more),
  isWhole: false,
});

describe('a watcher', () => {
  test('that takes each update gets what is new in it', async () => {
    const { drafts, say } = openDrafts();
    const watcher = drafts.watch('s');
    say({ delta: 'Hel', reasoningDelta: 'Hm' });
    expect(await nextOf(watcher)).toEqual(whole('Hel', { reasoningDelta: 'Hm' }));
    say({ delta: 'lo', chunks: [{ type: 'text', text: 'lo' }, null] });
    expect(await nextOf(watcher)).toEqual(further('lo', { chunks: [{ type: 'text', text: 'lo' }, null] }));
    say({ isDone: true });
    expect(await nextOf(watcher)).toEqual(further('', { isDone: true }));
    expect(await nextOf(watcher)).toBeNull();
  });

  test('that waits is woken by a part', async () => {
    const { drafts, say } = openDrafts();
    const next = drafts.watch('s').next();
    say({ delta: 'Hello' });
    expect(await next).toMatchObject({ delta: 'Hello', isWhole: true });
  });

  test('that comes late gets what was said so far first, and nothing of what has ended', async () => {
    const { drafts, say } = openDrafts();
    say({ key: 'ended', delta: 'Bye', isDone: true });
    say({ delta: 'Hel' });
    say({ delta: 'lo' });
    const watcher = drafts.watch('s');
    expect(await nextOf(watcher)).toEqual(whole('Hello'));
    expect(await nextOf(watcher)).toBeNull();
  });

  test('that is slow gets one larger update, however many parts came', async () => {
    const { drafts, say } = openDrafts();
    const watcher = drafts.watch('s');
    say({ delta: 'a' });
    expect(await nextOf(watcher)).toEqual(whole('a'));
    for (let n = 0; n < 1_000; n += 1) say({ delta: 'b'.repeat(50), reasoningDelta: 'c' });
    say({ isDone: true });
    const update = { reasoningDelta: 'c'.repeat(1_000), isDone: true };
    expect(await nextOf(watcher)).toEqual(further('b'.repeat(50_000), update));
    expect(await nextOf(watcher)).toBeNull();
  });

  test('gets all so far after the content was replaced', async () => {
    const { drafts, say } = openDrafts();
    const watcher = drafts.watch('s');
    say({ delta: 'Helo', reasoningDelta: 'Hm' });
    await nextOf(watcher);
    say({ content: 'Hello' });
    say({ delta: ', you' });
    expect(await nextOf(watcher)).toEqual(whole('Hello, you', { reasoningDelta: 'Hm' }));
    say({ delta: '!' });
    expect(await nextOf(watcher)).toEqual(further('!'));
  });

  test('gets the drafts of its session in the order in which they changed', async () => {
    const { drafts, say } = openDrafts();
    const watcher = drafts.watch('s');
    say({ key: 'one', delta: '1' });
    say({ key: 'two', delta: '2' });
    say({ sessionId: 'other', delta: 'x' });
    expect(await nextOf(watcher)).toMatchObject({ key: 'one' });
    say({ key: 'one', delta: '1' });
    expect(await nextOf(watcher)).toMatchObject({ key: 'two' });
    expect(await nextOf(watcher)).toMatchObject({ key: 'one', delta: '1', isWhole: false });
    expect(await nextOf(watcher)).toBeNull();
  });

  test('that closes while it waits gets the end at once, and is counted no more', async () => {
    const { drafts } = openDrafts();
    const watcher = drafts.watch('s');
    const next = watcher.next();
    expect(drafts.watchersOf('s')).toBe(1);
    watcher.close();
    expect(await next).toBeNull();
    expect(drafts.watchersOf('s')).toBe(0);
  });

  test('sees nothing of a draft before it is shown, or that is dropped', async () => {
    const { drafts } = openDrafts();
    const watcher = drafts.watch('s');
    drafts.add(part({ delta: 'Hello' }));
    expect(await nextOf(watcher)).toBeNull();
    expect(await nextOf(drafts.watch('s'))).toBeNull();
    drafts.drop(part({}));
    expect(drafts.isEmpty).toBe(true);
    expect(await nextOf(watcher)).toBeNull();
  });
});

describe('the end', () => {
  test('comes with the message that is written with the key', async () => {
    const { drafts, say } = openDrafts();
    const watcher = drafts.watch('s');
    say({ delta: 'Hello' });
    say({ key: 'other', delta: 'x' });
    drafts.written('s', ['none', 'k']);
    expect(await nextOf(watcher)).toEqual(whole('Hello', { isDone: true, isWritten: true }));
    expect(await nextOf(watcher)).toMatchObject({ key: 'other', isDone: false });
  });

  test('comes after a silence', async () => {
    const { drafts, say } = openDrafts();
    const watcher = drafts.watch('s');
    say({ delta: 'Hel' });
    await nextOf(watcher);
    vi.advanceTimersByTime(draftMs - 1_000);
    say({ delta: 'lo' });
    vi.advanceTimersByTime(draftMs - 1_000);
    expect(await nextOf(watcher)).toEqual(further('lo'));
    vi.advanceTimersByTime(1_000);
    expect(await nextOf(watcher)).toEqual(further('', { isDone: true }));
  });

  test('is seen once: a retry of the last call begins no other draft', async () => {
    const { drafts, say } = openDrafts();
    const watcher = drafts.watch('s');
    say({ delta: 'Hello', sequence: 1, isDone: true });
    expect(await nextOf(watcher)).toEqual(whole('Hello', { isDone: true }));
    say({ delta: 'Hello', sequence: 1, isDone: true });
    expect(await nextOf(watcher)).toBeNull();
    say({ delta: 'Again', sequence: 2 });
    expect(await nextOf(watcher)).toEqual(whole('Again'));
  });

  test('leaves nothing behind once it is as long ago again', async () => {
    const { drafts, say } = openDrafts();
    say({ delta: 'Hello', isDone: true });
    vi.advanceTimersByTime(draftMs - 1_000);
    expect(drafts.isEmpty).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(drafts.isEmpty).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('closes a watcher that has not seen it when it is forgotten', async () => {
    const { drafts, say } = openDrafts();
    const watcher = drafts.watch('s');
    say({ delta: 'Hello', isDone: true });
    vi.advanceTimersByTime(draftMs);
    expect(await watcher.next()).toBeNull();
    expect(drafts.watchersOf('s')).toBe(0);
  });
});

test('a part whose sequence was seen is passed over', async () => {
  const { drafts, say } = openDrafts();
  const watcher = drafts.watch('s');
  for (const sequence of [1, 2, 2, 1, 3]) say({ delta: String(sequence), sequence });
  expect(await nextOf(watcher)).toEqual(whole('123'));
});

test('sequences go on from the smallest Int after the largest', async () => {
  const { drafts, say } = openDrafts();
  const watcher = drafts.watch('s');
  const largest = 2 ** 31 - 1;
  for (const sequence of [largest, -largest - 1, largest, -largest]) say({ delta: `${sequence} `, sequence });
  expect(await nextOf(watcher)).toEqual(whole('2147483647 -2147483648 -2147483647 '));
});

describe('what drafts take is bounded:', () => {
  test('the size of one, in bytes, without what was replaced', () => {
    const { say } = openDrafts({ draftBytes: 200 });
    say({ delta: 'ä'.repeat(100) });
    expect(() => say({ reasoningDelta: 'x' })).toThrow(
      'input.reasoningDelta: expected at most 200 bytes in one draft (the limit draftBytes), got 201. ' +
        'End the draft with the message, or stream only its latest part as `content`',
    );
    say({ content: 'x'.repeat(136) });
    expect(() => say({ chunks: [1] })).toThrow('input.chunks: expected at most 200 bytes in one draft');
    say({ content: 'x'.repeat(135), chunks: [1] });
  });

  test('the number of those that have not ended', async () => {
    const { drafts, say } = openDrafts({ drafts: 2 });
    say({ key: 'one', delta: 'x' });
    say({ key: 'two', delta: 'x' });
    expect(() => say({ key: 'three' })).toThrow(
      'The server keeps 2 drafts (the limit drafts), and has no room for more. Try again once others have ended, or write the message.',
    );
    say({ key: 'two', delta: 'x' });
    drafts.written('s', ['one']);
    say({ key: 'three' });
    expect(() => say({ key: 'four' })).toThrow('the limit drafts');
    vi.advanceTimersByTime(draftMs);
    say({ key: 'four' });
  });

  test('the size of all, with the texts of ended ones as long as a watcher has not seen them', async () => {
    const { drafts, say } = openDrafts({ draftsBytes: 10_000 });
    const watcher = drafts.watch('s');
    const large = { delta: 'x'.repeat(7_000) };
    say({ key: 'one', ...large });
    expect(() => say({ key: 'two', ...large })).toThrow('The server keeps 10000 bytes of drafts');
    say({ key: 'one', isDone: true });
    expect(() => say({ key: 'two', ...large })).toThrow('the limit draftsBytes');
    await nextOf(watcher);
    vi.advanceTimersByTime(1_000);
    say({ key: 'two', ...large });
    say({ key: 'two', content: 'x' });
    say({ key: 'three', delta: 'x'.repeat(6_000) });
  });

  test('a refused part leaves nothing behind', () => {
    const { drafts, say } = openDrafts({ draftBytes: 10 });
    expect(() => say({ delta: 'x'.repeat(11) })).toThrow('draftBytes');
    expect(drafts.isEmpty).toBe(true);
  });
});

test('a long draft is read in the order in which it was said, from any place', async () => {
  const { drafts, say } = openDrafts();
  const often = drafts.watch('s');
  const sometimes = drafts.watch('s');
  const got = { often: '', sometimes: '' };
  let said = '';
  for (let n = 0; n < 10_000; n += 1) {
    said += `${n} `;
    say({ delta: `${n} ` });
    if (n % 7 === 0) got.often += (await often.next())!.delta;
    if (n % 997 === 0) got.sometimes += (await sometimes.next())!.delta;
  }
  say({ isDone: true });
  got.often += (await often.next())!.delta;
  got.sometimes += (await sometimes.next())!.delta;
  expect(got).toEqual({ often: said, sometimes: said });
});
