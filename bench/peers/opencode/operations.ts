import { expectCount, inTurn, treeIds } from '../check.ts';
import { EXCHANGE, PAGE, SPAWNED_TITLE } from '../content.ts';
import type { Client, RunningPeer } from '../peer.ts';
import type { OpencodeMessage, OpencodeSession } from './api.ts';
import type { Loaded, LoadedDirectory } from './load.ts';

export function opencodeOperations(loaded: Loaded): ReturnType<RunningPeer['operations']> {
  const { small, large, listed, history, written } = loaded;
  const receiver = inTurn(written.ids);
  const parent = inTurn(written.ids);
  return {
    'small-read': {
      kind: 'request',
      next: () => small.api.session(small.ids[0]!),
      check: (answer) => expectSession(answer),
    },
    'tree-341': { kind: 'walk', run: (client) => walkWithMessages(small, client) },
    'tree-1111': { kind: 'walk', run: (client) => walkChildren(large, client) },
    // The user's message alone, in its favour: a client cannot store what no model of opencode has answered.
    'send-message': {
      kind: 'request',
      next: () => written.api.send(receiver(), EXCHANGE.message),
      check: (answer) => expectCount('parts', 1, (answer as OpencodeMessage).parts.length),
    },
    spawn: {
      kind: 'request',
      next: () => written.api.create(SPAWNED_TITLE, parent()),
      check: (answer) => {
        const { parentID } = expectSession(answer);
        if (parentID === undefined) throw new Error('spawn: expected a session with a parent, got a root.');
      },
    },
    'list-page': {
      kind: 'request',
      next: () => listed.api.sessions(PAGE),
      check: (answer) => expectCount('sessions of a page', PAGE, (answer as unknown[]).length),
    },
    'history-page': {
      kind: 'request',
      next: () => history.api.messages(history.ids[0]!, PAGE),
      check: (answer) => expectCount('messages of a page', PAGE, (answer as unknown[]).length),
    },
  };
}

/**
 * The children of each session, a level at a time: none says whether it has any. A directory that holds nothing but one tree can be
 * listed in one request instead; one that holds others too gives them all.
 */
async function walkChildren(tree: LoadedDirectory, client: Client): Promise<number> {
  let level = [tree.ids[0]!];
  let count = 0;
  while (level.length > 0) {
    count += level.length;
    const answers = await Promise.all(level.map((id) => client.json(tree.api.children(id))));
    level = answers.flatMap((answer) => (answer as OpencodeSession[]).map(({ id }) => id));
  }
  expectCount('sessions of the tree', tree.ids.length, count);
  return count;
}

/** The sessions in one request, in its favour, and then the messages in one for each: there is no way to get more. */
async function walkWithMessages(tree: LoadedDirectory, client: Client): Promise<number> {
  const ids = treeOf(await client.json(tree.api.sessions()), tree);
  // All are asked for at once, since none needs another's answer: the client's connection is never idle.
  const answers = await Promise.all(ids.map((id) => client.json(tree.api.messages(id, 2))));
  for (const answer of answers) expectCount('last messages', 2, (answer as OpencodeMessage[]).length);
  return ids.length;
}

function treeOf(answer: unknown, tree: LoadedDirectory): string[] {
  const sessions = answer as OpencodeSession[];
  return treeIds(
    sessions.map(({ id, parentID }) => ({ id, parentId: parentID })),
    tree.ids[0]!,
  );
}

function expectSession(answer: unknown): OpencodeSession {
  const session = answer as OpencodeSession;
  if (typeof session.id !== 'string') {
    throw new Error(`Expected a session, got ${JSON.stringify(answer).slice(0, 300)}.`);
  }
  return session;
}
