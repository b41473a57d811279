import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type JsonObject, type JsonValue, jsonContains } from '../../../../src/model/json.ts';
import { MetadataMatch } from '../../../../src/repository/files/index/metadata-match.ts';
import { atOnce } from '../../../../src/repository/files/index/steps.ts';

const { object } = fc.letrec<{ value: JsonValue; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<JsonValue>(null, true, 0, 1, 1.5, '', '1', 'a'),
    tie('object'),
    fc.array(tie('value'), { maxLength: 4 }),
  ),
  object: fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), tie('value'), { maxKeys: 3 }),
}));

it('a filter matches what contains it', () => {
  fc.assert(
    fc.property(object, object, (metadata, filter) => {
      for (const part of [filter, metadata]) {
        const matches = atOnce(new MetadataMatch(part).isIn(JSON.stringify(metadata)));
        expect(matches).toBe(jsonContains(metadata, part));
      }
    }),
    { numRuns: 2_000 },
  );
});

it('an element of a filter is looked for once, however often the filter has it', () => {
  const filter = new MetadataMatch({ a: Array.from({ length: 1_350 }, () => ({})) });
  const metadata = JSON.stringify({ a: [...Array.from({ length: 21_000 }, () => []), {}] });
  let rows = 0;
  const steps = filter.isIn(metadata);
  let step = steps.next();
  for (; !step.done; step = steps.next()) rows += step.value;
  expect(step.value).toBe(true);
  expect(rows).toBeLessThan(100);
});

it('a long comparison is made in steps, and counts as rows', () => {
  const filter = new MetadataMatch({ a: Array.from({ length: 100 }, (_, n) => ({ n })) });
  const metadata = JSON.stringify({ a: Array.from({ length: 5_000 }, (_, n) => ({ n: 100 - (n % 101) })) });
  const steps = filter.isIn(metadata);
  expect(steps.next()).toEqual({ value: 1, done: false });
  steps.return(false);
});
