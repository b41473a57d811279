import { describe, expect, it } from 'vitest';
import { RecentRows } from '../../../../src/repository/files/index/recent-rows.ts';
import type { SessionRow } from '../../../../src/repository/files/index/session-row.ts';

/** Bytes for three rows without metadata: a parent and its two children. */
const THREE = 3 * 1_506 + 2 * 64;

const row = (id: string, more: Partial<SessionRow> = {}) =>
  ({ id, childCount: 0, metadata: '{}', title: null, ...more }) as SessionRow;
/** Caches a session, and then all its children. */
const family = (recent: RecentRows, parent: SessionRow, children: readonly SessionRow[]) => {
  recent.remember(parent);
  return recent.rememberChildren(parent, children);
};
const idsOf = (rows: readonly SessionRow[] | undefined) => rows?.map(({ id }) => id);

describe('the sessions that were last asked for', () => {
  it('are the rows that were remembered', () => {
    const recent = new RecentRows(THREE);
    const a = row('a');
    recent.remember(a);
    expect(recent.get('a')).toBe(a);
    expect(recent.get('b')).toBeUndefined();
  });

  it('make room for others, those first that were not asked for', () => {
    const recent = new RecentRows(THREE);
    for (const id of ['a', 'b', 'c']) recent.remember(row(id));
    recent.get('a');
    recent.remember(row('d'));
    expect(['a', 'b', 'c', 'd'].map((id) => recent.get(id)?.id)).toEqual(['a', undefined, 'c', 'd']);
  });

  it('are fewer where their metadata is large', () => {
    const recent = new RecentRows(THREE);
    for (const id of ['a', 'b', 'c']) recent.remember(row(id));
    recent.remember(row('large', { metadata: 'x'.repeat(1_000) }));
    expect(['a', 'b', 'c'].filter((id) => recent.get(id))).toEqual([]);
    expect(recent.get('large')).toBeDefined();
    recent.remember(row('too large', { metadata: 'x'.repeat(2_000) }));
    expect(recent.get('too large')).toBeUndefined();
  });

  it('are bounded, however many come by', () => {
    const recent = new RecentRows(THREE);
    for (let n = 0; n < 30_000; n += 1) {
      family(recent, row(`parent-${n}`, { childCount: 2 }), [row(`${n}-0`), row(`${n}-1`)]);
    }
    const kept = Array.from({ length: 30_000 }, (_, n) => [`parent-${n}`, `${n}-0`, `${n}-1`]).flat();
    expect(kept.filter((id) => recent.get(id))).toEqual(['parent-29999', '29999-0', '29999-1']);
  });

  it('are none where there is no room', () => {
    const recent = new RecentRows(0);
    recent.remember(row('a'));
    const children = [row('b')];
    expect(recent.rememberChildren(row('a'), children)).toEqual(children);
    expect(recent.rememberChildren(row('a'), children)).not.toBe(children);
    recent.change('a', { title: 'x' });
    recent.addChild('a');
    recent.clear();
    expect(recent.get('a')).toBeUndefined();
    expect(recent.children('a')).toBeUndefined();
  });
});

describe('the children of a session', () => {
  it('are unknown until they were all read, and none where there are none', () => {
    const recent = new RecentRows(THREE);
    recent.remember(row('a'));
    expect(recent.children('a')).toBeUndefined();
    family(recent, row('a'), []);
    expect(recent.children('a')).toEqual([]);
    family(recent, row('a'), [row('b'), row('c')]);
    expect(idsOf(recent.children('a'))).toEqual(['b', 'c']);
  });

  it('are a list of the caller’s own each time', () => {
    const recent = new RecentRows(THREE);
    family(recent, row('a'), [row('b'), row('c')]).reverse();
    recent.children('a')!.reverse();
    expect(idsOf(recent.children('a'))).toEqual(['b', 'c']);
  });

  it('are unknown where one of them had to make room', () => {
    const recent = new RecentRows(THREE);
    family(recent, row('a'), [row('b'), row('c')]);
    recent.get('a');
    recent.get('c');
    recent.remember(row('d'));
    expect(recent.get('b')).toBeUndefined();
    expect(recent.children('a')).toBeUndefined();
  });

  it('are not kept where they would take most of the room', () => {
    const recent = new RecentRows(THREE);
    const children = [row('b'), row('c', { metadata: 'x'.repeat(300) })];
    expect(family(recent, row('a'), children)).toEqual(children);
    expect(recent.children('a')).toBeUndefined();
    expect(['a', 'b', 'c'].filter((id) => recent.get(id))).toEqual(['a']);
  });

  it('are the rows that were there already', () => {
    const recent = new RecentRows(THREE);
    const known = row('b');
    recent.remember(known);
    const [b] = family(recent, row('a'), [row('b')]);
    expect(b).toBe(known);
  });

  it('are not kept of a session that is not, and bring back no row of it that is older than the table', () => {
    const recent = new RecentRows(THREE);
    const older = row('a', { title: 'before' });
    recent.remember(older);
    recent.clear();
    recent.rememberChildren(older, [row('b')]);
    expect(recent.get('a')).toBeUndefined();
    recent.remember(row('a', { title: 'after' }));
    recent.rememberChildren(older, [row('b')]);
    expect(recent.get('a')!.title).toBe('after');
  });

  it('are unknown again once there is one more', () => {
    const recent = new RecentRows(THREE);
    family(recent, row('a', { childCount: 1 }), [row('b')]);
    recent.addChild('a');
    expect(recent.get('a')!.childCount).toBe(2);
    expect(recent.children('a')).toBeUndefined();
  });
});

describe('a change', () => {
  it('replaces the row, and leaves the one that was given out as it was', () => {
    const recent = new RecentRows(THREE);
    const before = row('b', { title: 'before' });
    recent.remember(before);
    family(recent, row('a'), [before]);
    recent.change('b', { title: 'after' });
    expect(before.title).toBe('before');
    expect(recent.get('b')).toEqual(row('b', { title: 'after' }));
    expect(recent.children('a')!.map(({ title }) => title)).toEqual(['after']);
  });

  it('keeps the children', () => {
    const recent = new RecentRows(THREE);
    family(recent, row('a'), [row('b')]);
    recent.change('a', { title: 'after' });
    expect(idsOf(recent.children('a'))).toEqual(['b']);
  });

  it('of a session that is not kept keeps none', () => {
    const recent = new RecentRows(THREE);
    recent.change('a', { title: 'x' });
    recent.addChild('a');
    expect(recent.get('a')).toBeUndefined();
  });

  it('of the shape of the trees empties all', () => {
    const recent = new RecentRows(THREE);
    family(recent, row('a'), [row('b')]);
    recent.clear();
    expect([recent.get('a'), recent.get('b'), recent.children('a')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
