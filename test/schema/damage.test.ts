import { mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sessionFileName, shardOf } from '../../src/repository/files/format/layout.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { graphql } from '../generated/index.ts';
import { type Api, createApi } from '../support/api.ts';
import { temporaryDirectory } from '../support/repository.ts';

/** A store of root, child and grandchild, whose index is rebuilt after `change` was applied to the file of `id`. */
async function openDamaged(id: string, change: (text: string) => string): Promise<Api> {
  const directory = await temporaryDirectory();
  const store = await openFileRepository({ directory });
  await store.create({ id: 'root' });
  await store.create({ id: 'child', parentId: 'root' });
  await store.create({ id: 'grandchild', parentId: 'child' });
  for (const content of ['first', 'second', 'third']) {
    await store.append({ sessionId: 'child', messages: [{ role: 'USER', content }] });
  }
  await store.close();
  const path = join(directory, 'sessions', shardOf(id), sessionFileName(id));
  await writeFile(path, change(await readFile(path, 'utf8')));
  await rm(join(directory, 'index.db'));
  const reopened = await openFileRepository({ directory });
  onTestFinished(() => reopened.close());
  return createApi(reopened);
}

const DAMAGE = graphql(`
  query Damage($id: ID!) {
    session(id: $id) {
      damage { line reason }
      historyLength
      history { totalCount nodes { id position content } }
    }
    node(id: "child:1") { id }
  }
`);

test('a message that is damaged is left out and reported, and the ones beside it are given', async () => {
  const api = await openDamaged('child', (text) => text.replace('second', 'sEcond'));
  const { session, node } = await api.query(DAMAGE, { id: 'child' });
  expect(session).toEqual({
    damage: [{ line: 3, reason: expect.any(String) }],
    historyLength: 3,
    history: {
      totalCount: 2,
      nodes: [
        { id: 'child:0', position: 0, content: 'first' },
        { id: 'child:2', position: 2, content: 'third' },
      ],
    },
  });
  expect(node).toBeNull();
});

const ORPHAN = graphql(`
  query Orphan {
    session(id: "grandchild") { parentId parent { id } rootId root { id } depth ancestors { id } }
    child: session(id: "child") { id }
    root: session(id: "root") { childCount children { totalCount nodes { id } } descendants { nodes { id } } }
    roots: sessions(filter: { rootsOnly: true }, orderBy: { field: CREATED_AT, direction: ASC }) { nodes { id } }
    store { sessionCount quarantined { path reason since } }
  }
`);

test('a session whose parent cannot be read is a root that knows its parent, and the file is reported', async () => {
  const api = await openDamaged('child', () => '\0\0\0\0\n');
  expect(await api.query(ORPHAN)).toEqual({
    session: {
      parentId: 'child',
      parent: null,
      rootId: 'grandchild',
      root: { id: 'grandchild' },
      depth: 0,
      ancestors: [],
    },
    child: null,
    root: { childCount: 0, children: { totalCount: 0, nodes: [] }, descendants: { nodes: [] } },
    roots: { nodes: [{ id: 'root' }, { id: 'grandchild' }] },
    store: {
      sessionCount: 2,
      quarantined: [
        {
          path: expect.stringContaining('/child.jsonl'),
          reason: expect.any(String),
          since: expect.any(String),
        },
        {
          path: expect.stringContaining('/grandchild.jsonl'),
          reason: 'its parent "child" cannot be read: it is served as a root',
          since: expect.any(String),
        },
      ],
    },
  });
});

const HEADS_AND_TEXTS = graphql(`
  query HeadsAndTexts {
    session(id: "child") {
      heads: history { nodes { id } }
      texts: history { nodes { id content } pageInfo { hasNextPage endCursor } }
    }
  }
`);

const AFTERWARDS = graphql(`
  query Afterwards { session(id: "child") { damage { line } history { totalCount nodes { id } } } }
`);

test('a line that goes bad while it is served costs its message where its text is asked for, and then everywhere', async () => {
  const directory = await temporaryDirectory();
  const store = await openFileRepository({ directory });
  onTestFinished(() => store.close());
  await store.create({ id: 'child' });
  for (const content of ['first', 'second', 'third'])
    await store.append({ sessionId: 'child', messages: [{ role: 'USER', content }] });
  const api = createApi(store);
  const path = join(directory, 'sessions', shardOf('child'), sessionFileName('child'));
  const bytes = await readFile(path, 'utf8');
  await writeFile(path, bytes.replace('second', 'sEcond'));

  const { session } = await api.query(HEADS_AND_TEXTS);
  expect(session!.texts.nodes).toMatchObject([{ content: 'first' }, { content: 'third' }]);
  expect(session!.heads.nodes).toEqual(expect.arrayContaining([{ id: 'child:0' }, { id: 'child:2' }]));
  expect(await api.query(AFTERWARDS)).toEqual({
    session: {
      damage: [{ line: 3 }],
      history: { totalCount: 2, nodes: [{ id: 'child:0' }, { id: 'child:2' }] },
    },
  });
});

/** What another program can do to a file that is being served. */
const REPLACEMENTS: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  'emptied in its place': (path) => truncate(path),
  'shortened in its place': async (path) => truncate(path, (await readFile(path)).length - 20),
  'renamed, and a folder made in its place': async (path) => {
    await rename(path, `${path}.aside`);
    await mkdir(path);
  },
};

describe.each(['open', 'not open'])('a file that is %s', (state) => {
  test.each(Object.entries(REPLACEMENTS))(
    'and is then %s is damage in the first answer',
    async (_, replace) => {
      const directory = await temporaryDirectory();
      const store = await openFileRepository({ directory });
      await store.create({ id: 'child' });
      for (const content of ['first', 'second', 'third'])
        await store.append({ sessionId: 'child', messages: [{ role: 'USER', content }] });
      await store.close();
      const reopened = await openFileRepository({ directory });
      onTestFinished(() => reopened.close());
      const api = createApi(reopened);
      if (state === 'open') await api.query(DAMAGE, { id: 'child' });

      await replace(join(directory, 'sessions', shardOf('child'), sessionFileName('child')));
      const { session } = await api.query(DAMAGE, { id: 'child' });
      expect(session?.damage).toContainEqual({ line: null, reason: expect.any(String) });
      expect(session?.history.nodes.length).toBeLessThan(3);
    },
  );
});
