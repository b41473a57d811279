import { PatroniCluster, whyNoPatroni } from '../../support/postgres/patroni.ts';
import { Fault, type Part } from '../part.ts';
import { Random } from '../random.ts';
import type { Instances } from './instances.ts';
import { type Oracle, troubledRounds, withInstances } from './rounds.ts';

const NODES = 3;
const ANSWERS = 80;

/** The node of the leader of a cluster under Patroni is killed under load; another leads, and the former one comes back. */
export const patroni = (oracle: Oracle): Part => ({
  name: `kill -9 of the leader under Patroni, ${oracle}`,
  rounds: (asked) => Math.ceil(asked / 10),
  whyNot: whyNoPatroni,
  async run(options) {
    const random = new Random(options.seed);
    const cluster = await PatroniCluster.start(NODES);
    const { url } = cluster;
    try {
      return await withInstances({ url, random }, (instances) => {
        let before = '';
        return troubledRounds(
          {
            url,
            instances,
            random,
            answers: ANSWERS,
            storageErrors: 'told',
            async strike() {
              before = await instances.any.get('mark');
              await cluster.killLeader();
            },
            async settle() {
              await cluster.healthy();
              await expectReset(instances, before);
            },
          },
          oracle,
          options,
        );
      });
    } finally {
      await cluster.stop();
    }
  },
});

/** What followed the mark on the former leader may be lost, but for what was acknowledged. */
async function expectReset(instances: Instances, mark: string): Promise<void> {
  const read = (after: string) => instances.any.get('changesSince', { within: null, after, limit: 10 });
  if (!(await read(mark)).isReset) throw new Fault(`the mark ${mark} of the former leader is still honoured`);
  const now = await instances.any.get('mark');
  const page = await read(now);
  if (page.isReset || page.changes.length > 0)
    throw new Fault(`the mark ${now} of the new leader is not honoured: ${JSON.stringify(page)}`);
}
