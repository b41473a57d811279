import { whyNoMounts } from '../commands.ts';
import { Fault, type Outcome, type Part, type PartOptions } from '../part.ts';
import { Random } from '../random.ts';
import type { Instances } from './instances.ts';
import { type Oracle, troubledRounds, withInstances } from './rounds.ts';
import { firstRefusal, type SmallPlace, withSmallFolder } from './small-folder.ts';

/** The tables are there. Without room for its log, PostgreSQL ends itself: see `full-log.ts`. */
const FOLDER = 'base';
const SIZE = '48m';
const ANSWERS = 80;
/** Milliseconds within which a full disk must be noticed. */
const PATIENCE_MS = 60_000;

/** The disk of the database runs full under load, and gets room again. */
export const fullDisk = (oracle: Oracle): Part => ({
  name: `a full disk, ${oracle}`,
  rounds: (asked) => Math.ceil(asked / 5),
  whyNot: whyNoMounts,
  run: (options) =>
    withSmallFolder(FOLDER, SIZE, { autovacuum: 'off' }, (place) => fullDisks(place, oracle, options)),
});

function fullDisks({ server, disk }: SmallPlace, oracle: Oracle, options: PartOptions): Promise<Outcome> {
  const random = new Random(options.seed);
  return withInstances({ url: server.url, random }, (instances) =>
    troubledRounds(
      {
        url: server.url,
        instances,
        random,
        answers: ANSWERS,
        storageErrors: 'told',
        async strike(refusals) {
          disk.fill();
          const refusal = await firstRefusal(refusals, PATIENCE_MS);
          if (!refusal.startsWith('The disk of the database is full'))
            throw new Fault(`expected to be told of the full disk, got: ${refusal}`);
          await expectReads(instances);
          disk.makeRoom();
        },
      },
      oracle,
      options,
    ),
  );
}

async function expectReads(instances: Instances): Promise<void> {
  const order = { field: 'CREATED_AT', direction: 'ASC' } as const;
  const { items } = await instances.any.get('list', {}, order, { limit: 50, from: 'start' });
  await instances.any.get(
    'historyOf',
    items.map(({ id }) => ({ sessionId: id, page: { limit: 10, from: 'start' } })),
    2 ** 30,
  );
}
