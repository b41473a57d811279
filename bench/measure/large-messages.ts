import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { Progress } from '../../src/repository/observer.ts';
import { quantity, type SingleRow } from '../report.ts';
import { caughtUp } from './catch-up.ts';
import { apiOf } from './pages.ts';
import { interleaved } from './rounds.ts';

const MESSAGES = 100;
const PAGE = 80;
const BYTES = 1024 * 1024;
/** Of a page that reads none of the texts. */
const GOAL_MS = 10;

/** Measures a page of a history of large messages of which no text is asked for, also right after the store is opened. */
export async function measureLargeMessages(directory: string, report: Progress): Promise<SingleRow[]> {
  const data = join(directory, 'large-messages');
  rmSync(data, { recursive: true, force: true });
  try {
    await make(data, report);
    const repository = await openFileRepository({ directory: data });
    try {
      report('Reading large messages', 0, 0);
      const api = apiOf(repository);
      const query = `{ session(id: "large") { history(last: ${PAGE}) { nodes { id role } } } }`;
      const begun = performance.now();
      const { session } = (await api(query)) as { session: { history: { nodes: unknown[] } } };
      const first = performance.now() - begun;
      if (session.history.nodes.length !== PAGE) throw new Error(`Expected a page of ${PAGE} messages.`);
      const middle = (await interleaved([{ size: 0, run: () => api(query) }])).get(0)!;
      return [
        {
          what: `\`history(last: ${PAGE}) { nodes { id role } }\` of messages of 1 MiB, through the API`,
          measured: `${quantity(middle, 'ms')}; the first ${quantity(first, 'ms')}`,
          goal: { text: `within ${GOAL_MS} ms`, met: middle <= GOAL_MS },
        },
      ];
    } finally {
      await repository.close();
    }
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

async function make(directory: string, report: Progress): Promise<void> {
  // What is measured are reads: how the lines came to the disk makes no difference.
  const repository = await openFileRepository({ directory, durability: 'os' });
  try {
    await repository.create({ id: 'large' });
    const content = 'A large result of a tool. '.repeat(Math.ceil(BYTES / 26)).slice(0, BYTES);
    for (let n = 0; n < MESSAGES; n += 1) {
      report('Writing large messages', n, MESSAGES);
      const messages = [{ role: n % 2 ? ('TOOL' as const) : ('ASSISTANT' as const), content }];
      await repository.append({ sessionId: 'large', messages });
    }
    // The indexing of their texts would disturb the measurement.
    await caughtUp(repository);
  } finally {
    await repository.close();
  }
}
