import { crashRounds } from './crash-rounds.ts';
import type { Part } from './part.ts';
import { inTemporaryDirectory } from './undo.ts';

/** kill -9 under load. */
export const kill9: Part = {
  name: 'kill -9 under load',
  rounds: (asked) => asked,
  whyNot: () => null,
  run: (options) =>
    inTemporaryDirectory((directory) =>
      crashRounds(
        {
          directory,
          strike: (store) => void store.kill(),
          recover() {},
          alsoKilled: false,
          storageErrors: 'fault',
          mutations: 400,
        },
        options,
      ),
    ),
};
