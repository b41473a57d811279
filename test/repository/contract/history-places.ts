import { describe, expect, it } from 'vitest';
import type { Message, MessageRole } from '../../../src/model/message.ts';
import type { HistoryPlace, HistoryRequest, HistoryScope } from '../../../src/repository/reads.ts';
import { naivePage } from './naive.ts';
import { pagesBetween } from './pages.ts';
import {
  ALL,
  conversation,
  historyOf,
  MUCH,
  type OpenStore,
  PLENTY_OF_BYTES,
  RETURNS,
  say,
} from './store.ts';

const hour = (n: number) => new Date(Date.UTC(2026, 0, 1, n));

export function describeHistoryPlaces(store: OpenStore): void {
  async function contentsAt(place: HistoryPlace, from: 'start' | 'end' = 'start', limit = 2) {
    const request = { sessionId: 'a', page: { limit, from }, place };
    const [page] = await store.repository.historyOf([request], PLENTY_OF_BYTES);
    return page!.items.map(({ content }) => content);
  }

  /** Positions 0 and 1 are from before two rollbacks, 2 from between them; the ordinals 2 to 6, 8 and 9 were dropped. */
  async function rolledBack(): Promise<void> {
    const { repository } = store;
    await store.create({ id: 'a', messages: conversation(7) });
    await repository.truncate({ sessionId: 'a', keep: 2 }, MUCH);
    await repository.append({ sessionId: 'a', messages: [say('b2'), say('b3'), say('b4')] });
    await repository.truncate({ sessionId: 'a', keep: 3 }, MUCH);
    await repository.append({ sessionId: 'a', messages: [say('c3'), say('c4')] });
  }

  describe('a page of a history at a place', () => {
    it.each(RETURNS)('begins at the message, or where it was before it was dropped, also %s', async (how) => {
      await rolledBack();
      await store.comeBack(how);
      expect(await contentsAt({ ordinal: 0 })).toEqual(['0', '1']);
      expect(await contentsAt({ ordinal: 7 })).toEqual(['b2', 'c3']);
      expect(await contentsAt({ ordinal: 11 })).toEqual(['c4']);
      const dropped = [2, 3, 4, 5, 8, 9];
      const seen = await Promise.all(dropped.map((ordinal) => contentsAt({ ordinal })));
      expect(seen).toEqual([['b2', 'c3'], ['c3', 'c4'], ['c4'], [], ['c3', 'c4'], ['c4']]);
    });

    it('taken from the end, ends before the place', async () => {
      await rolledBack();
      expect(await contentsAt({ position: 3 }, 'end')).toEqual(['1', 'b2']);
      expect(await contentsAt({ ordinal: 7 }, 'end')).toEqual(['0', '1']);
      expect(await contentsAt({ ordinal: 3 }, 'end')).toEqual(['1', 'b2']);
      expect(await contentsAt({ ordinal: 0 }, 'end')).toEqual([]);
      expect(await contentsAt({ position: 99 }, 'end')).toEqual(['c3', 'c4']);
    });

    it('of a fork counts the positions and ordinals of the fork', async () => {
      await rolledBack();
      await store.repository.fork({
        sessionId: 'a',
        id: 'f',
        asRoot: false,
        throughMessage: { sessionId: 'a', ordinal: 10 },
      });
      await store.repository.append({ sessionId: 'f', messages: [say('own')] });
      const at = (place: HistoryPlace) => ({
        sessionId: 'f',
        page: { limit: 2, from: 'start' } as const,
        place,
      });
      const pages = await store.repository.historyOf(
        [at({ position: 3 }), at({ ordinal: 2 })],
        PLENTY_OF_BYTES,
      );
      const contents = pages.map(({ items }) => items.map(({ content }) => content));
      expect(contents).toEqual([
        ['c3', 'own'],
        ['b2', 'c3'],
      ]);
    });

    it('rejects for an ordinal that no message ever had, and is empty in an unknown session', async () => {
      await rolledBack();
      await expect(contentsAt({ ordinal: 12 })).rejects.toMatchObject({ name: 'UnknownKeyError' });
      const request = { sessionId: 'missing', page: ALL, place: { ordinal: 3 } };
      const none = { items: [], hasMore: false };
      expect(await store.repository.historyOf([request], PLENTY_OF_BYTES)).toMatchObject([none]);
    });
  });

  it('a page of a history is what it should be for every place, key, choice of roles and pair of times', async () => {
    const times = [3, 1, 4, 1, 5, 9, 2, 6];
    const messages = conversation(8).map((message, n) => ({ ...message, createdAt: hour(times[n]!) }));
    await store.create({ id: 'a', messages: messages.slice(0, 3) });
    await store.repository.append({ sessionId: 'a', messages: messages.slice(3) });
    await store.repository.truncate({ sessionId: 'a', keep: 7 }, MUCH);
    await store.repository.append({ sessionId: 'a', messages: [say('last', { createdAt: hour(4) })] });
    const items = await historyOf(store, 'a');
    const roles: (MessageRole[] | undefined)[] = [undefined, ['USER']];
    const bounds = [null, hour(2), hour(4), hour(9)];
    const places: (HistoryPlace | undefined)[] = [
      undefined,
      { position: 0 },
      { position: 3 },
      { ordinal: 8 },
    ];
    const scopes: HistoryScope[] = roles.flatMap((some) =>
      bounds.flatMap((createdAfter) =>
        bounds.map((createdBefore) => ({ sessionId: 'a', roles: some, createdAfter, createdBefore })),
      ),
    );
    const requests: HistoryRequest[] = scopes.flatMap((scope) =>
      places.flatMap((place) =>
        pagesBetween([1, 6], [0, 2, 9]).map((page) => ({ ...scope, page, ...(place && { place }) })),
      ),
    );
    const pages = await store.repository.historyOf(requests, PLENTY_OF_BYTES);
    for (const [index, request] of requests.entries()) {
      const { page, place } = request;
      const passing = items.filter((message) => isIn(request, message));
      const beyond = passing.filter((message) => isAtOrAfter(message, place) === (page.from === 'start'));
      const expected = naivePage(place ? beyond : passing, page, (message, key) => message.ordinal - key);
      expect({ request, ...pages[index] }).toMatchObject({ request, ...expected });
    }
    const counts = scopes.map((scope) => items.filter((message) => isIn(scope, message)).length);
    expect(await store.repository.countHistory(scopes)).toEqual(counts);
  });

  it.each(RETURNS)('a fork has its copies where their own times are, also %s', async (how) => {
    const messages = [say('old', { createdAt: hour(1) }), say('newer', { createdAt: hour(3) })];
    await store.create({ id: 'a', messages });
    await store.repository.fork({ sessionId: 'a', id: 'f', asRoot: true });
    await store.comeBack(how);
    const scope = { sessionId: 'f', createdAfter: hour(2) };
    const [page] = await store.repository.historyOf([{ ...scope, page: ALL, shown: null }], 0);
    expect(page!.items).toMatchObject([{ ordinal: 1, createdAt: hour(3) }]);
    expect(await store.repository.countHistory([scope])).toEqual([1]);
  });

  it('the time of a message without one of its own is that of its append', async () => {
    const session = await store.create({ id: 'a', messages: [say('first')] });
    const [page] = await store.repository.historyOf([{ sessionId: 'a', page: ALL, shown: null }], 0);
    expect(page!.items).toMatchObject([{ createdAt: session.createdAt }]);
    const at = { sessionId: 'a', createdAfter: session.createdAt };
    const before = { sessionId: 'a', createdBefore: session.createdAt };
    expect(await store.repository.countHistory([at, before])).toEqual([1, 0]);
  });
}

function isIn({ roles, createdAfter, createdBefore }: HistoryScope, { role, createdAt }: Message): boolean {
  return (
    (roles == null || roles.includes(role)) &&
    (createdAfter == null || createdAt >= createdAfter) &&
    (createdBefore == null || createdAt < createdBefore)
  );
}

function isAtOrAfter({ position, ordinal }: Message, place: HistoryPlace | undefined): boolean {
  if (!place) return true;
  return 'position' in place ? position >= place.position : ordinal >= place.ordinal;
}
