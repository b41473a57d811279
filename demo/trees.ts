import type { Sessiontree } from '@sessiontree/client';
import { INVOICES } from './invoices.ts';
import { OTHERS } from './others.ts';
import { type Scene, steps, user } from './scene.ts';

/** Writes the trees of the demo, the latest last. */
export async function writeTrees(client: Sessiontree, now = Date.now()): Promise<void> {
  for (const scene of [...OTHERS].sort((a, b) => b.begun - a.begun)) await write(client, scene, null, now);
  await write(client, INVOICES, null, now);
  const said = await client.history.list('demo-backfill').toArray(21);
  await client.sessions.fork('demo-backfill', {
    id: 'demo-batches',
    title: 'Write the backfill, in batches',
    throughMessageId: said[20]!.id,
  });
  await client.history.append('demo-batches', [
    user('Do it in batches of a thousand instead.'),
    ...steps(9, 'batches'),
  ]);
  await client.sessions.update('demo-batches', { status: 'COMPLETED' });
}

async function write(client: Sessiontree, scene: Scene, parent: Scene | null, now: number): Promise<void> {
  const { id, title, agentName, status, statusMessage, begun, messages, project, children = [] } = scene;
  const at = (n: number) =>
    new Date(now - begun * 60_000 + n * Math.min(20_000, (begun * 50_000) / Math.max(messages.length, 1)));
  const input = {
    ...{ id, title, agentName, status, statusMessage, project },
    createdAt: at(0).toISOString(),
    messages: messages.map((message, n) => ({ ...message, createdAt: at(n + 1).toISOString() })),
  };
  if (!parent) await client.sessions.create(input);
  else
    await client.sessions.spawn(parent.id, {
      ...input,
      ...(scene.call && { spawnedBy: { toolCallId: scene.call } }),
    });
  for (const child of children) await write(client, child, scene, now);
}
