import { Readable } from 'node:stream';
import { expect } from 'vitest';
import type { ExportFormat } from '../../src/export/format.ts';
import { topsOf } from '../../src/export/tops.ts';
import { openFileRepository, openFileRepositoryForReading } from '../../src/repository/files/open.ts';
import { temporaryDirectory } from '../support/repository.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 10, 24, 9, minute));

/** A store with a tree of three sessions, in which every part that a document shows is there. Resolves with its directory. */
export async function storeWithTree(): Promise<string> {
  const directory = await temporaryDirectory();
  const repository = await openFileRepository({ directory });
  await repository.create({
    id: 'trip',
    title: 'Plan a *trip*',
    userId: 'ada',
    agentName: 'planner',
    status: 'WAITING',
    statusMessage: 'for Ada',
    metadata: { secretPlace: '/home/ada' },
    createdAt: at(0),
    messages: [
      { role: 'USER', content: 'Where to in May?', createdAt: at(1) },
      {
        role: 'ASSISTANT',
        content: 'I ask.',
        reasoning: 'Two tools.',
        model: 'model-a',
        toolCalls: [
          { toolCallId: 'call-1', name: 'weather', arguments: { place: 'secret-argument' } },
          { toolCallId: 'call-2', name: 'spawn' },
        ],
        usage: { inputTokens: 1_200, outputTokens: 30, cacheReadTokens: 1_000, costUsd: 0.25 },
        payload: { raw: 'secret-payload' },
        metadata: { trace: 'secret-metadata' },
        createdAt: at(2),
      },
      {
        role: 'TOOL',
        toolCallId: 'call-1',
        content: 'secret-output',
        isError: true,
        createdAt: at(3),
      },
      { role: 'EVENT', kind: 'hook', content: 'secret-event', createdAt: at(3) },
    ],
  });
  await repository.create({
    id: 'flights',
    parentId: 'trip',
    spawnedBy: { messageId: 'trip:1', toolCallId: 'call-2' },
    createdAt: at(2),
    messages: [
      { role: 'USER', content: 'Find flights', isCopy: true, createdAt: at(2) },
      {
        role: 'ASSISTANT',
        content: 'Found.',
        model: 'model-b',
        usage: { inputTokens: 100, outputTokens: 5, costUsd: 0.05 },
        createdAt: at(3),
      },
    ],
  });
  await repository.create({ id: 'empty', parentId: 'flights', createdAt: at(4) });
  await repository.close();
  return directory;
}

/** A store with one session, which has these messages. */
export async function storeWith(
  ...contents: readonly { readonly title?: string; readonly text: string }[]
): Promise<string> {
  const directory = await temporaryDirectory();
  const repository = await openFileRepository({ directory });
  for (const [n, { title, text }] of contents.entries())
    await repository.create({
      id: n === 0 ? 'top' : `s${n}`,
      parentId: n === 0 ? undefined : 'top',
      title: title ?? null,
      messages: [
        { role: 'ASSISTANT', content: text, reasoning: text },
        { role: 'TOOL', content: text },
        { role: 'EVENT', kind: title ?? 'k', content: '' },
        { role: 'USER', content: 'the end' },
      ],
    });
  await repository.close();
  return directory;
}

/** The document of a format for the session `id` and all beneath it. */
export async function documentOf(
  format: ExportFormat,
  directory: string,
  { id, isRedacted = false }: { readonly id: string; readonly isRedacted?: boolean },
): Promise<string> {
  const reader = await openFileRepositoryForReading({ directory });
  try {
    const tops = await topsOf(reader, [id]);
    const chunks: string[] = [];
    const again = { [Symbol.asyncIterator]: () => Readable.from(tops)[Symbol.asyncIterator]() };
    const source = { reader, tops: again, isRedacted, onFault: (fault: string) => expect.fail(fault) };
    for await (const chunk of format.write(source)) chunks.push(chunk);
    return chunks.join('');
  } finally {
    await reader.close();
  }
}
