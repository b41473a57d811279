import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { NewMessage } from '../../src/model/message.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { Progress } from '../../src/repository/observer.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { quantity, type SingleRow } from '../report.ts';
import { apiOf } from './pages.ts';
import { interleaved } from './rounds.ts';

const MESSAGES = 1_000;
const REPLACEMENTS = 10;
const CHARACTERS = 1_000;
const PAGE = 50;

/** Replaces each message of a session `REPLACEMENTS` times. */
const WAYS: Readonly<Record<string, (replace: Replace) => Promise<void>>> = {
  async 'in rounds over all'(replace) {
    for (let round = 1; round <= REPLACEMENTS; round += 1) await replace(NUMBERS, round);
  },
  async 'ten times in a row'(replace) {
    for (const n of NUMBERS) for (let round = 1; round <= REPLACEMENTS; round += 1) await replace([n], round);
  },
};

type Replace = (numbers: readonly number[], round: number) => Promise<unknown>;

const NUMBERS = Array.from({ length: MESSAGES }, (_, n) => n);

/** Measures pages of histories whose messages were all replaced, beside those of a history whose messages were not, in turn. */
export async function measureReplaced(directory: string, report: Progress): Promise<SingleRow[]> {
  const data = join(directory, 'replaced');
  rmSync(data, { recursive: true, force: true });
  // What is measured are reads: how the lines came to the disk makes no difference.
  const repository = await openFileRepository({ directory: data, durability: 'os' });
  try {
    const ids = ['never', ...Object.keys(WAYS)];
    for (const [n, id] of ids.entries()) {
      report('Replacing messages', n, ids.length);
      await fill(repository, id, WAYS[id]);
    }
    report('Reading replaced messages', 0, 0);
    const api = apiOf(repository);
    for (const id of ids) await expectForm(api, id, id in WAYS ? REPLACEMENTS : 0);
    const pages = ids.map((id, size) => ({ size, run: () => api(pageOf(id)) }));
    const times = await interleaved(pages);
    const never = times.get(0)!;
    return Object.keys(WAYS).map((way, n) => {
      const ratio = times.get(n + 1)! / never;
      return {
        what: `the last ${PAGE} of ${MESSAGES.toLocaleString('en')} messages, each replaced ${REPLACEMENTS} times, ${way}`,
        measured: `${quantity(times.get(n + 1)!, 'ms')}, ${ratio.toFixed(2)} × that without (${quantity(never, 'ms')})`,
        goal: { text: 'at most twice', met: ratio <= 2 },
      };
    });
  } finally {
    await repository.close();
    rmSync(data, { recursive: true, force: true });
  }
}

async function fill(
  repository: SessionRepository,
  id: string,
  replaceAll: (typeof WAYS)[string] | undefined,
): Promise<void> {
  const sessionId = idOf(id);
  await repository.create({ id: sessionId, messages: NUMBERS.map((n) => messageOf(n, 0)) });
  await replaceAll?.((numbers, round) =>
    repository.append({ sessionId, messages: numbers.map((n) => messageOf(n, round)), onKey: 'REPLACE' }),
  );
}

/** Throws unless the page has the messages in this form, with the last message last. */
async function expectForm(api: ReturnType<typeof apiOf>, id: string, form: number): Promise<void> {
  const { session } = (await api(pageOf(id))) as { session: { history: { nodes: { content: string }[] } } };
  const { nodes } = session.history;
  const begins = (n: number) => nodes[n - MESSAGES + PAGE]?.content.startsWith(`form ${form} of ${n} `);
  if (nodes.length !== PAGE || !NUMBERS.slice(-PAGE).every(begins))
    throw new Error(`The history "${id}" does not have form ${form} of its last ${PAGE} messages.`);
}

const idOf = (name: string): string => name.replaceAll(' ', '-');

const pageOf = (id: string): string =>
  `{ session(id: "${idOf(id)}") { history(last: ${PAGE}) { nodes { id role content createdAt } pageInfo { hasPreviousPage } } } }`;

function messageOf(n: number, round: number): NewMessage {
  return {
    role: n % 2 ? 'ASSISTANT' : 'USER',
    key: `message ${n}`,
    content: `form ${round} of ${n} `.padEnd(CHARACTERS, 'words '),
  };
}
