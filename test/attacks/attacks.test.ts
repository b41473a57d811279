import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { undoAll } from '../torture/undo.ts';
import type { Attack } from './attack.ts';
import { ATTACKS } from './families/index.ts';
import { isFloodable } from './floods.ts';
import { Place } from './place.ts';
import { runAttack } from './run-attack.ts';
import { faultsOfStored } from './stored.ts';

/*
 * The short form; `npm run attacks` is the long one. Each attack is sent to a real server, a process with a limit of its memory, while
 * a good client reads and writes beside it. The tests judge what the attack got, that the server lives, its memory, that nobody else was
 * refused, and that all that was stored and acknowledged is there. Shorter are the counts and sizes of what is sent (`Scene.pick`), and
 * attacks share directories and servers, while each has its own in the long form. Times are judged by the long form only.
 */

const shared = ATTACKS.filter(isFloodable);
const others = ATTACKS.filter((attack) => !isFloodable(attack) && !attack.forms);
const alone = others.filter(({ hasOwnStore }) => hasOwnStore);

/** Those that share a directory, and a server until one of them ends it: a start costs more than most attacks. */
const groups = [
  ...Map.groupBy(
    others.filter(({ hasOwnStore }) => !hasOwnStore),
    ({ server, isAlone = false }) => JSON.stringify([server ?? {}, isAlone]),
  ).values(),
].map((attacks) => ({ attacks, names: attacks.map(({ name }) => name).join(', ') }));

/** Of the attacks of all, those in which a server does other things for a user, or for a stranger. All: `npm run attacks:users`. */
const DIFFER_BY_CALLER = ['many-operations-at-once', 'odd-ids-and-values'];

async function expectWithstood(attack: Attack, place: Place, skip?: TestContext['skip']): Promise<void> {
  const why = attack.whyNot?.() ?? null;
  if (why !== null) skip?.(why);
  const { faults } = await runAttack(attack, 'short', place);
  expect(faults, `node test/attacks/run.ts --short --users ${place.form} --only ${attack.name}`).toEqual([]);
}

afterAll(undoAll);

describe('one server withstands', () => {
  let place: Place;
  beforeAll(async () => {
    place = await Place.make(shared, 'short');
  }, 240_000);

  it.each(shared)('$name: $what', { timeout: 240_000 }, (attack) => expectWithstood(attack, place));

  it('all of them, and after a restart has all that it acknowledged', { timeout: 240_000 }, async () => {
    await place.stop();
    expect(await faultsOfStored(await place.server(), place.acknowledged)).toEqual([]);
    expect(place.acknowledged.length).toBeGreaterThan(shared.length / 2);
    await place.dispose();
  });
});

// Most of the time passes with waiting for processes, and for the grace of a stop.
describe.concurrent('servers withstand', () => {
  it.for(alone)('$name: $what', { timeout: 240_000 }, async (attack, { skip }) => {
    const place = await Place.make([attack], 'short');
    await expectWithstood(attack, place, skip).finally(() => place.dispose());
  });

  describe.each(groups)('$names', ({ attacks }) => {
    let place: Place;
    beforeAll(async () => {
      place = await Place.make(attacks, 'short');
    }, 240_000);
    afterAll(() => place.dispose());

    it.for(attacks)('$name: $what', { timeout: 240_000, concurrent: false }, (attack, { skip }) =>
      expectWithstood(attack, place, skip),
    );
  });
});

describe.each(['user', 'stranger'] as const)('a server that asks for tokens withstands a %s with', (form) => {
  const chosen = ATTACKS.filter(
    ({ name, forms }) => forms?.includes(form) || DIFFER_BY_CALLER.includes(name),
  );
  let place: Place;
  beforeAll(async () => {
    place = await Place.make(chosen, 'short', form);
  }, 240_000);
  afterAll(() => place.dispose());

  it.each(chosen)('$name: $what', { timeout: 240_000 }, (attack) => expectWithstood(attack, place));
});

it('attacks have names of their own', () => {
  const names = ATTACKS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
