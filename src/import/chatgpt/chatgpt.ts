import { type Conversation, conversations, hasMember } from '../export-files.ts';
import type { Format, SourceItem, SourceSession } from '../format.ts';
import { dateInSeconds, textIn, without } from '../source-json.ts';
import { type Branch, branchesOf, nodesOf } from './branches.ts';
import { translate } from './translate.ts';

/** An export of ChatGPT: each conversation is a tree, of which one branch is live. */
export const chatgpt: Format = {
  name: 'chatgpt',
  title: 'ChatGPT',

  /** An export has no place of its own. */
  defaultPlaces: () => [],

  recognises: (path) => hasMember(path, 'mapping'),

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

const KNOWN = [
  'id',
  'conversation_id',
  'title',
  'mapping',
  'create_time',
  'update_time',
  'current_node',
  'is_archived',
];

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
  { conversation, path, bytes, again }: Conversation,
): SourceSession {
  const createdAt = dateInSeconds(conversation.create_time);
  const updatedAt = dateInSeconds(conversation.update_time);
  const { start, from, nodes, sharedCount } = branch;
  const last = nodes.at(-1)?.id ?? '';
  return {
    type: 'session',
    key: keyOf(id, branch),
    parent: null,
    forkedFrom: from && { key: keyOf(id, from), throughKey: nodes[sharedCount - 1]?.id ?? null },
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
      start === null ? createdAt : (dateInSeconds(nodes[sharedCount]?.message?.create_time) ?? createdAt),
    lastActiveAt: updatedAt,
    files: [{ path, bytes }],
    revision: `${conversation.update_time} ${nodes.length} ${last.slice(0, 64)}`,
    // What the user switched away from since the last import.
    movedKeys: start === null ? ownKeys(branches) : undefined,
    async *read(): AsyncGenerator<SourceItem> {
      const read = await again();
      const same = branchesIn(read ?? {}).find((other) => other.start === start);
      let time = createdAt;
      for (const [n, node] of (same?.nodes ?? []).entries()) {
        time = dateInSeconds(node.message?.create_time) ?? time;
        const message = translate(node, same!.nodes[n - 1] ?? null, time);
        if (message === null) yield { type: 'dropped', kind: 'system message without text' };
        else {
          const isCopy = n < same!.sharedCount;
          yield { type: 'message', message: { ...message, isCopy }, where: { path, line: null } };
        }
      }
      yield { type: 'end', described: null, resume: null, isUnfinished: false };
    },
  };
}

/** The keys of the messages that only forks have. */
function ownKeys(branches: readonly Branch[]): ReadonlySet<string> {
  return new Set(
    branches.flatMap(({ nodes, sharedCount, from }) =>
      from ? nodes.slice(sharedCount).map(({ id }) => id) : [],
    ),
  );
}
