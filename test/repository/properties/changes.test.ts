import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openFileRepository } from '../../../src/repository/files/open.ts';
import { FollowedStore, happenings } from '../contract/changes-model.ts';

/** `npm run test:properties` is the long form. */
const SEQUENCES = Number(process.env.SEQUENCES ?? 60);
const MS_PER_SEQUENCE = 5_000;
/** How often replicas must go on because nothing had happened in their tree, so that this is known to be right. */
const ENOUGH_PASSED = SEQUENCES / 10;

it(
  'whoever applies changes, from whatever mark and in whatever pages, has what a fresh read gives',
  async () => {
    let compared = 0;
    let passed = 0;
    const follow = () =>
      fc.assert(
        fc.asyncProperty(happenings, fc.nat(), async (all, restart) => {
          const directory = await mkdtemp(join(tmpdir(), 'sessiontree-'));
          const open = () => openFileRepository({ directory, durability: 'os' });
          let repository = await open();
          const followed = new FollowedStore(() => repository, 's');
          try {
            for (const [n, each] of all.entries()) {
              if (n === restart % all.length) {
                await repository.close();
                if (restart % 2 === 0) await rm(join(directory, 'index.db'));
                repository = await open();
              }
              await followed.happen(each);
            }
            await followed.end();
            compared += followed.compared;
            passed += followed.passed;
          } finally {
            await repository.close();
            await rm(directory, { recursive: true });
          }
        }),
        {
          numRuns: SEQUENCES,
          endOnFailure: true,
          interruptAfterTimeLimit: SEQUENCES * MS_PER_SEQUENCE,
          markInterruptAsFailure: true,
        },
      );
    await follow();
    // In four of five sequences, nobody passes: one run in a thousand has too few others.
    for (let more = 0; more < 4 && passed <= ENOUGH_PASSED; more += 1) await follow();
    expect(compared).toBeGreaterThan(SEQUENCES);
    expect(passed).toBeGreaterThan(ENOUGH_PASSED);
  },
  SEQUENCES * MS_PER_SEQUENCE * 2,
);
