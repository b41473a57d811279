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
    // Only the user's message, in its favour: a client cannot store an answer that did not come from a model of opencode.
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
 * Gets the children of each session, level by level: a session does not tell whether it has any. A directory with only one tree
 * could be listed in one request instead, but a directory with other sessions returns all of them.
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

/** All sessions in one request, in its favour, then the messages in one request per session: there is no request for more. */
async function walkWithMessages(tree: LoadedDirectory, client: Client): Promise<number> {
  const ids = treeOf(await client.json(tree.api.sessions()), tree);
  // All are requested at once, since none depends on another's answer: the client's connection is never idle.
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
