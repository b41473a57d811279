import { Command } from 'commander';
import { SessionNotFoundError } from '../model/errors.ts';
import { messageId } from '../model/id.ts';
import type { Message } from '../model/message.ts';
import type { Session } from '../model/session.ts';
import { openFileRepositoryForReading } from '../repository/files/open.ts';
import type { SessionReader } from '../repository/repository.ts';
import { dataOption } from './data-option.ts';
import { print } from './print.ts';
import { stderrLogger } from './stderr-logger.ts';

const SESSIONS_A_PAGE = 1_000;
/** Limits the memory of a page: the content and payload of one message have up to 2 MiB (with the default limits). */
const MESSAGES_A_PAGE = 100;

/** `sessiontree export ID`: writes a session and its descendants as JSON lines. */
export function exportCommand(): Command {
  return new Command('export')
    .description(
      'Write a session and its descendants to standard output: one JSON line per session, in pre-order.',
    )
    .argument('<id>', 'the id of the session')
    .addOption(dataOption())
    .addHelpText('after', '\nCan run beside a server. Exit code: 0 if everything was written, 1 otherwise.')
    .action(async (id: string, { data }: { data: string }) => {
      const reader = await openFileRepositoryForReading({ directory: data, logger: stderrLogger() });
      try {
        const [top] = await reader.findMany([id]);
        if (!top) throw new SessionNotFoundError(id);
        await print(exportLines(reader, top));
      } finally {
        await reader.close();
      }
    });
}

/** The JSON lines, in chunks: a whole history is never in memory. */
async function* exportLines(reader: SessionReader, top: Session): AsyncGenerator<string> {
  yield* exportLine(reader, top);
  let after: string | undefined;
  for (let more = true; more; ) {
    const [page] = await reader.descendantsOf(
      [top.id],
      { limit: SESSIONS_A_PAGE, from: 'start', after },
      null,
    );
    for (const session of page!.items) yield* exportLine(reader, session);
    after = page!.items.at(-1)?.id;
    more = page!.hasMore;
  }
}

async function* exportLine(reader: SessionReader, session: Session): AsyncGenerator<string> {
  const { id, historyLength } = session;
  yield `${JSON.stringify(sessionMembers(session)).slice(0, -1)},"history":[`;
  let after = -1;
  let written = 0;
  for (let more = historyLength > 0; more; ) {
    const page = { limit: MESSAGES_A_PAGE, from: 'start' as const, after };
    const [read] = await reader.historyOf([{ sessionId: id, page }], Number.POSITIVE_INFINITY);
    // A running server may append messages meanwhile. The line holds exactly the messages that its `historyLength` counts.
    const messages = read!.items.filter((message) => message.position < historyLength);
    const separator = written > 0 && messages.length > 0 ? ',' : '';
    yield separator + messages.map((message) => JSON.stringify(messageMembers(message))).join(',');
    written += messages.length;
    more = read!.hasMore && messages.length === read!.items.length;
    // If no message of the page can be read, go on after the page.
    after = read!.items.at(-1)?.ordinal ?? after + MESSAGES_A_PAGE;
  }
  yield ']}\n';
  if (written < historyLength) {
    process.stderr.write(`${id}: ${historyLength - written} of ${historyLength} messages cannot be read.\n`);
    process.exitCode = 1;
  }
}

function sessionMembers(session: Session) {
  const { id, parentId, rootId, depth, userId, key, title, metadata, createdAt, lastActiveAt } = session;
  const { agentName, project, status, statusMessage, statusChangedAt, spawnedBy, updatedAt, usage } = session;
  const { messageCount, historyLength, version, archivedAt, forkedFrom } = session;
  return {
    id,
    parentId,
    rootId,
    depth,
    userId,
    key: key ?? undefined,
    title,
    agentName: agentName ?? undefined,
    project: project ?? undefined,
    status,
    statusMessage: statusMessage ?? undefined,
    statusChangedAt,
    spawnedBy: spawnedBy ?? undefined,
    metadata,
    createdAt,
    lastActiveAt,
    updatedAt,
    messageCount,
    historyLength,
    usage,
    version,
    archivedAt: archivedAt ?? undefined,
    forkedFrom: forkedFrom ?? undefined,
  };
}

/** Members that are null or empty are left out. */
function messageMembers(message: Message) {
  const { key, position, role, content, name, toolCallId, payload, usage, metadata, createdAt } = message;
  const { kind, reasoning, toolCalls, isError, model, isCopy } = message;
  return {
    id: messageId(message),
    key: key ?? undefined,
    position,
    role,
    content,
    kind: kind ?? undefined,
    reasoning: reasoning ?? undefined,
    toolCalls: toolCalls.length > 0 ? toolCalls : undefined,
    name: name ?? undefined,
    toolCallId: toolCallId ?? undefined,
    isError: isError || undefined,
    model: model ?? undefined,
    isCopy: isCopy || undefined,
    payload: payload ?? undefined,
    usage: usage ?? undefined,
    metadata: Object.keys(metadata).length > 0 ? metadata : undefined,
    createdAt,
  };
}
