import { type Conversation, changedMeanwhile, conversations, hasMessagesIn } from '../export-files.ts';
import type { Format, SourceItem, SourceSession } from '../format.ts';
import { dateInSeconds, textIn, without } from '../source-json.ts';
import { type Branch, branchesOf, hasMessage, lastShared, messagesOf } from './branches.ts';
import { nodesOf } from './nodes.ts';
import { isCall, translate } from './translate.ts';

/** An export of ChatGPT: each conversation is a tree, of which one branch is live. */
export const chatgpt: Format = {
  name: 'chatgpt',
  title: 'ChatGPT',

  /** An export has no place of its own. */
  defaultPlaces: () => [],

  recognises: (path) => hasMessagesIn(path, 'mapping'),

  async *survey(path, { onFile }) {
    for await (const item of conversations(path, onFile)) {
      if ('type' in item) {
        yield item;
        continue;
      }
      const id = textIn(item.conversation.conversation_id) ?? textIn(item.conversation.id);
      if (id === null) {
        yield { type: 'fault', path: item.path, line: null, reason: 'a conversation has no id' };
        continue;
      }
      const branches = branchesIn(item.conversation);
      for (const branch of branches) yield sourceSession(id, branch, branches, item);
    }
  },
};

const KNOWN = ['id', 'conversation_id', 'title', 'mapping', 'create_time', 'current_node', 'is_archived'];

function branchesIn({ mapping, current_node }: Conversation['conversation']): Branch[] {
  return branchesOf(nodesOf(mapping), textIn(current_node));
}

function keyOf(id: string, { start }: Branch): string {
  return `chatgpt:${start === null ? id : `${id}.${start}`}`;
}

function sourceSession(
  id: string,
  branch: Branch,
  branches: readonly Branch[],
  { conversation, path, bytes, revision, again }: Conversation,
): SourceSession {
  const createdAt = dateInSeconds(conversation.create_time);
  const updatedAt = dateInSeconds(conversation.update_time);
  const { start, from, own } = branch;
  return {
    type: 'session',
    key: keyOf(id, branch),
    parent: null,
    forkedFrom: from && { key: keyOf(id, from), throughKey: lastShared(branch)?.id ?? null },
    described: {
      title: textIn(conversation.title),
      agentName: null,
      project: null,
      userId: null,
      status: null,
      statusMessage: null,
      archivedAt: conversation.is_archived === true ? (updatedAt ?? createdAt) : null,
      metadata: without(conversation, KNOWN),
    },
    createdAt:
      start === null ? createdAt : (dateInSeconds(own.find(hasMessage)?.message?.create_time) ?? createdAt),
    lastActiveAt: updatedAt,
    files: [{ path, bytes }],
    revision,
    // What the user switched away from since the last import.
    movedKeys: start === null ? ownKeys(branches) : undefined,
    async *read(): AsyncGenerator<SourceItem> {
      const conversation = await again();
      const same = conversation && branchesIn(conversation).find((other) => other.start === start);
      if (!same) yield changedMeanwhile(path);
      const { nodes, sharedCount } = same ? messagesOf(same) : { nodes: [], sharedCount: 0 };
      let time = createdAt;
      let call: string | null = null;
      for (const [n, node] of nodes.entries()) {
        time = dateInSeconds(node.message?.create_time) ?? time;
        const message = translate(node, call, time);
        if (message?.role !== 'TOOL') call = isCall(node) ? node.id : null;
        if (message === null) yield { type: 'dropped', kind: 'system message without text' };
        else {
          const isCopy = n < sharedCount;
          yield { type: 'message', message: { ...message, isCopy }, where: { path, line: null } };
        }
      }
      for (const node of same?.own ?? [])
        if (!hasMessage(node))
          for (const name of Object.keys(node.rest)) yield { type: 'dropped', kind: `node.${name}` };
      yield { type: 'end', described: null, resume: null, isUnfinished: !same };
    },
  };
}

/** The keys of the messages that only forks have. */
function ownKeys(branches: readonly Branch[]): ReadonlySet<string> {
  return new Set(branches.flatMap(({ own, from }) => (from ? own.map(({ id }) => id) : [])));
}
