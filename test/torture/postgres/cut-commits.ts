import { CommitProxy, CUTS } from '../../support/postgres/commit-proxy.ts';
import type { Part } from '../part.ts';
import { type Oracle, onServer, troubledRounds, withInstances } from './rounds.ts';

/** One of this many commits loses its connection. */
const SHARE = 12;
const ANSWERS = 80;

/** The connection is lost before and after COMMIT: no client may notice, and nothing may be done twice. */
export const cutCommits = (oracle: Oracle): Part => ({
  name: `connections cut at COMMIT, ${oracle}`,
  rounds: (asked) => asked,
  whyNot: () => null,
  run: (options) =>
    onServer(options.seed, async ({ server, random }) => {
      let isCutting = false;
      const cutOrNot = () => (isCutting && random.oneIn(SHARE) ? random.pick(CUTS) : null);
      const proxy = await CommitProxy.open(server.port, cutOrNot);
      const url = new URL(server.url);
      url.port = `${proxy.port}`;
      try {
        const outcome = await withInstances({ url: url.href, random }, (instances) => {
          isCutting = true;
          return troubledRounds(
            {
              url: server.url,
              instances,
              random,
              answers: ANSWERS,
              storageErrors: 'fault',
              async strike() {},
            },
            oracle,
            options,
          );
        });
        const { cuts } = proxy;
        const faults = Object.values(cuts).every((count) => count === 0)
          ? [...outcome.faults, 'no connection was cut']
          : outcome.faults;
        return { ...outcome, faults, note: `${outcome.note}; cuts ${JSON.stringify(cuts)}` };
      } finally {
        proxy.close();
      }
    }),
});
