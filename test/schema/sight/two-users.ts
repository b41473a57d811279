import type { Caller } from '../../../src/model/caller.ts';
import type { NewMessage } from '../../../src/model/message.ts';
import { operationOf } from '../../../src/model/operation.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';

export function callerOf(userId: string, more: Partial<Caller> = {}): Caller {
  return { userId, scope: 'write', subtreeId: null, tokenId: userId, expiresAt: null, ...more };
}

/** The id of an operation of Ben. */
export const OPERATION = 'ben-operation';

/** In every text of Ben, and in the ids of his sessions. */
export const BEN = 'ben';

const say = (who: string, key: string): NewMessage => ({
  role: 'USER',
  content: `${who} says`,
  key: `${who}-${key}`,
});
const call = (who: string): NewMessage => ({
  role: 'ASSISTANT',
  content: `${who} calls`,
  model: `${who}-model`,
  toolCalls: [{ toolCallId: 'call', name: `${who}-tool`, arguments: { who } }],
  usage: {
    inputTokens: 1,
    outputTokens: 1,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    costUsd: null,
  },
});
const result = (who: string): NewMessage => ({ role: 'TOOL', content: `${who} answers`, toolCallId: 'call' });

/**
 * The same tree for each of two users, root > child > leaf, and links between the two trees: forks of the one's sessions in the other's
 * tree, and sessions that were spawned in the one and moved to the other.
 */
export async function growTwoTrees(store: SessionRepository): Promise<void> {
  for (const who of ['ada', BEN]) {
    const about = { title: `${who} title`, agentName: `${who}-agent`, project: `${who}-project` };
    for (const [name, parent] of [
      ['root', null],
      ['child', 'root'],
      ['leaf', 'child'],
    ] as const)
      await store.create({
        ...about,
        id: `${who}-${name}`,
        key: `${who}-${name}-key`,
        userId: who,
        parentId: parent && `${who}-${parent}`,
        metadata: { who },
        messages: [say(who, '0'), call(who), result(who)],
        ...(parent && { spawnedBy: { messageId: `${who}-${parent}:1`, toolCallId: 'call' } }),
      });
  }
  for (const [own, other] of [
    ['ada', BEN],
    [BEN, 'ada'],
  ] as const) {
    const moved = {
      parentId: `${other}-root`,
      userId: own,
      title: `${own} moved`,
      project: `${own}-project`,
    };
    await store.create({
      ...moved,
      id: `${own}-moved`,
      spawnedBy: { messageId: `${other}-root:1`, toolCallId: 'elsewhere' },
    });
    await store.move({ sessionId: `${own}-moved`, parentId: `${own}-root` });
    const forkedFrom = { sessionId: `${other}-child`, messageId: `${other}-child:0`, historyLength: 0 };
    await store.create({ id: `${own}-fork`, parentId: `${own}-root`, title: `${own} fork`, forkedFrom });
    // Ben's and Ada's operations of one id are two.
    const operation = { ...operationOf(OPERATION, 'updateSession', {}), caller: `=${own}` };
    await store.update({ sessionId: `${own}-leaf`, status: 'RUNNING' }, own === BEN ? operation : undefined);
  }
}
