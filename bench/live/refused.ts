import type { Progress } from '../../src/repository/observer.ts';
import type { Contender, ContenderName } from './contender.ts';
import type { LiveOptions } from './options.ts';
import type { ByContender } from './results.ts';
import { onStages, type Stage } from './stage.ts';

/** Requests at once. */
const AT_ONCE = 50;

/** Sends subscriptions that cannot be answered, because the client accepts no stream, and counts how many are left. */
export async function measureRefused(
  contenders: readonly Contender[],
  { directory, refused }: LiveOptions,
  report: Progress,
): Promise<ByContender<number>> {
  const results = new Map<ContenderName, number>();
  const overHttp = contenders.filter(({ transport }) => transport === 'sse');
  await onStages(overHttp, directory, 'refused', async (stages) => {
    for (const [n, stage] of stages.entries()) {
      report('Refusing subscriptions', n, stages.length);
      const left = await leftOf(stage, refused);
      if (left !== null) results.set(stage.contender.name, left);
    }
  });
  return results;
}

/** Null for a server that does not tell how many subscriptions it has. */
async function leftOf({ contender, server, writer }: Stage, count: number): Promise<number | null> {
  const subscription = server.subscription('sse');
  if ((await server.subscriptions()) === null || subscription.transport !== 'sse') return null;
  const { method, path, body } = subscription;
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  for (let sent = 0; sent < count; sent += AT_ONCE) {
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, () => writer.exchange({ method, path, headers, body })),
    );
    const accepted = answers.find(({ status }) => status < 400);
    if (accepted)
      throw new Error(`${contender.name}: expected a refusal, got ${accepted.status}: ${accepted.text}`);
  }
  return server.subscriptions();
}
