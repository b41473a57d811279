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

it(
  'whoever applies changes, from whatever mark and in whatever pages, has what a fresh read gives',
  async () => {
    let compared = 0;
    let passed = 0;
    await fc.assert(
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
    expect(compared).toBeGreaterThan(SEQUENCES);
    expect(passed).toBeGreaterThan(SEQUENCES / 10);
  },
  SEQUENCES * MS_PER_SEQUENCE * 2,
);
