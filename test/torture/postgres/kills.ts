import { setTimeout as delay } from 'node:timers/promises';
import type { Part } from '../part.ts';
import { type Oracle, onServer, troubledRounds, withInstances } from './rounds.ts';

/** Milliseconds that a server is away at most: less than mutations wait for it. */
const AWAY_MS = 1_500;
/** Answers after which the kill falls at the latest. */
const ANSWERS = 80;

/** kill -9 of PostgreSQL under load, of all of its processes. */
export const serverKilled = (oracle: Oracle): Part => ({
  name: `kill -9 of PostgreSQL, ${oracle}`,
  rounds: (asked) => asked,
  whyNot: () => null,
  run: (options) =>
    onServer(options.seed, ({ server, random }) =>
      withInstances({ url: server.url, random }, (instances) =>
        troubledRounds(
          {
            url: server.url,
            instances,
            random,
            answers: ANSWERS,
            storageErrors: 'told',
            async strike() {
              await server.kill();
              await delay(random.below(AWAY_MS));
              await server.restart();
            },
          },
          oracle,
          options,
        ),
      ),
    ),
});

/** kill -9 of one of two instances under load. The other goes on, and a new one comes. */
export const instanceKilled = (oracle: Oracle): Part => ({
  name: `kill -9 of an instance, ${oracle}`,
  rounds: (asked) => asked,
  whyNot: () => null,
  run: (options) =>
    onServer(options.seed, ({ server, random }) =>
      withInstances({ url: server.url, random }, (instances) =>
        troubledRounds(
          {
            url: server.url,
            instances,
            random,
            answers: ANSWERS,
            storageErrors: 'fault',
            async strike() {
              await instances.killOne();
              await instances.add();
            },
          },
          oracle,
          options,
        ),
      ),
    ),
});
