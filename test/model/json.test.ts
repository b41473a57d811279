import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalJson,
  isJsonObject,
  isSameJson,
  type JsonObject,
  type JsonValue,
  jsonContains,
  jsonShape,
  mergePatch,
  withMembers,
} from '../../src/model/json.ts';

const json = (text: string) => JSON.parse(text) as JsonObject;

/** Any JSON value as a parser returns it, also with the key `__proto__`. */
const jsonValue = (): fc.Arbitrary<JsonValue> =>
  fc.letrec<{ value: JsonValue; object: JsonObject }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom<JsonValue>(null, true, false, 0, 1, -1.5, '', 'a', 'ä'),
      tie('object'),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
    object: fc
      .array(fc.tuple(fc.constantFrom('a', 'b', 'c', '1', '__proto__', 'constructor'), tie('value')), {
        maxLength: 4,
      })
      .map((entries) => Object.fromEntries(entries)),
  })).value;
const jsonObject = () => jsonValue().filter(isJsonObject);

describe('isJsonObject', () => {
  it('tells objects from arrays, null and scalars', () => {
    expect(isJsonObject({})).toBe(true);
    for (const other of [null, [], 'text', 1, true, undefined]) expect(isJsonObject(other)).toBe(false);
  });
});

describe('mergePatch', () => {
  // RFC 7396, appendix A: every case whose target and patch are objects, the others one level down, as members.
  it.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['{"member":["a","b"]}', '{"member":["c","d"]}', '{"member":["c","d"]}'],
    ['{"member":{"a":"b"}}', '{"member":["c"]}', '{"member":["c"]}'],
    ['{"member":{"a":"foo"}}', '{"member":null}', '{}'],
    ['{"member":{"a":"foo"}}', '{"member":"bar"}', '{"member":"bar"}'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['{"member":[1,2]}', '{"member":{"a":"b","c":null}}', '{"member":{"a":"b"}}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])('turns %s with %s into %s', (target, patch, result) => {
    expect(mergePatch(json(target), json(patch))).toStrictEqual(json(result));
  });

  it('treats __proto__ as a key like any other', () => {
    const merged = mergePatch(json('{"__proto__":{"kept":1},"a":1}'), json('{"__proto__":{"added":2}}'));
    expect(JSON.stringify(merged)).toBe('{"__proto__":{"kept":1,"added":2},"a":1}');
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
    expect('added' in {}).toBe(false);
    expect(JSON.stringify(mergePatch(merged, json('{"__proto__":null}')))).toBe('{"a":1}');
  });

  it('adds a key that the prototype has', () => {
    expect(mergePatch({}, json('{"toString":{"a":1}}'))).toStrictEqual(json('{"toString":{"a":1}}'));
  });

  it('changes neither the target nor the patch', () => {
    fc.assert(
      fc.property(jsonObject(), jsonObject(), (target, patch) => {
        const before = JSON.stringify([target, patch]);
        mergePatch(target, patch);
        expect(JSON.stringify([target, patch])).toBe(before);
      }),
    );
  });

  it('gives the same when a patch is applied twice', () => {
    fc.assert(
      fc.property(jsonObject(), jsonObject(), (target, patch) => {
        const once = mergePatch(target, patch);
        expect(JSON.stringify(mergePatch(once, patch))).toBe(JSON.stringify(once));
      }),
    );
  });

  it('keeps what the patch does not name, and has what it names', () => {
    fc.assert(
      fc.property(jsonObject(), jsonObject(), (target, patch) => {
        const merged = mergePatch(target, patch);
        for (const key of Object.keys(target))
          if (!Object.hasOwn(patch, key)) expect(Object.hasOwn(merged, key)).toBe(true);
        for (const [key, value] of Object.entries(patch)) {
          expect(Object.hasOwn(merged, key)).toBe(value !== null);
          if (value !== null && !isJsonObject(value)) expect(merged[key]).toBe(value);
        }
      }),
    );
  });
});

describe('withMembers', () => {
  it('replaces whole members, nulls and __proto__ too, and leaves the others', () => {
    const target = json('{"a":{"x":1},"b":[1],"__proto__":{"kept":1},"c":1}');
    const values = json('{"a":{"y":2},"b":null,"__proto__":{"set":2},"toString":0}');
    const before = JSON.stringify([target, values]);
    const result = withMembers(target, values);
    expect(JSON.stringify(result)).toBe('{"a":{"y":2},"b":null,"__proto__":{"set":2},"c":1,"toString":0}');
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(JSON.stringify([target, values])).toBe(before);
  });
});

describe('jsonContains', () => {
  it.each([
    ['{"a":1,"b":2}', '{}', true],
    ['{"a":1,"b":2}', '{"a":1}', true],
    ['{"a":1}', '{"a":2}', false],
    ['{"a":1}', '{"a":"1"}', false],
    ['{"a":1}', '{"b":1}', false],
    ['{"a":null}', '{"a":null}', true],
    ['{}', '{"a":null}', false],
    ['{"a":{"b":1,"c":2}}', '{"a":{"c":2}}', true],
    ['{"a":[1,2,3]}', '{"a":[3,1]}', true],
    ['{"a":[1,2]}', '{"a":[1,1,1]}', true],
    ['{"a":[1,2]}', '{"a":[4]}', false],
    ['{"a":[1]}', '{"a":[]}', true],
    ['{"a":[{"b":1,"c":2}]}', '{"a":[{"c":2}]}', true],
    ['{"a":["b"]}', '{"a":"b"}', false],
    ['{"a":"b"}', '{"a":["b"]}', false],
    ['{"a":{}}', '{"a":[]}', false],
    ['{"a":[]}', '{"a":{}}', false],
    ['{}', '{"__proto__":{}}', false],
    ['{}', '{"toString":{}}', false],
    ['{"__proto__":{"a":1}}', '{"__proto__":{"a":1}}', true],
  ])('%s contains %s: %s', (value, part, contained) => {
    expect(jsonContains(json(value), json(part))).toBe(contained);
  });

  it('holds of a value and itself, and of a value and itself with members taken away', () => {
    const without = (value: JsonValue, picks: readonly boolean[]): JsonValue => {
      const keep = (_: unknown, index: number) => picks[index % picks.length]!;
      if (Array.isArray(value)) return value.filter(keep).map((held) => without(held, picks));
      if (!isJsonObject(value)) return value;
      return Object.fromEntries(
        Object.entries(value)
          .filter(keep)
          .map(([key, held]) => [key, without(held, picks)]),
      );
    };
    fc.assert(
      fc.property(jsonValue(), fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }), (value, picks) => {
        expect(jsonContains(value, value)).toBe(true);
        expect(jsonContains(value, without(value, picks))).toBe(true);
      }),
    );
  });

  it('holds of a target with a patch merged in and that patch, where nothing in it is null', () => {
    fc.assert(
      fc.property(jsonObject(), jsonObject(), (target, patch) => {
        fc.pre(!JSON.stringify(patch).includes('null'));
        expect(jsonContains(mergePatch(target, patch), patch)).toBe(true);
      }),
    );
  });
});

describe('jsonShape', () => {
  const MANY = 10_000_000;

  it.each([
    ['"text"', 0],
    ['null', 0],
    ['{}', 1],
    ['[]', 1],
    ['[[]]', 2],
    ['{"a":1,"b":[{"c":[]}]}', 4],
  ])('%s has %i levels', (text, depth) => {
    expect(jsonShape(JSON.parse(text), depth, MANY)).toBe(null);
    if (depth > 0) expect(jsonShape(JSON.parse(text), depth - 1, MANY)).toBe('DEEP');
  });

  it('judges a value a million levels deep', () => {
    let deep: JsonValue = 'bottom';
    for (let level = 0; level < 1_000_000; level += 1) deep = level % 2 ? [deep] : { a: deep };
    expect(jsonShape(deep, 1_000_000, MANY)).toBe(null);
    expect(jsonShape(deep, 999_999, MANY)).toBe('DEEP');
    expect(jsonShape(deep, 32, MANY)).toBe('DEEP');
  });

  it('counts values down to the depth, the outermost included', () => {
    const wide = new Array(1_000_000).fill({});
    expect(jsonShape(wide, 32, 1_000_001)).toBe(null);
    expect(jsonShape(wide, 32, 1_000_000)).toBe('WIDE');
    expect(jsonShape([[], wide], 1, 10)).toBe('DEEP');
    expect(jsonShape({ a: 1, b: [2, 3] }, 2, 5)).toBe(null);
    expect(jsonShape({ a: 1, b: [2, 3] }, 2, 4)).toBe('WIDE');
  });

  it('is one level more than that of the deepest member', () => {
    fc.assert(
      fc.property(jsonValue(), jsonValue(), fc.integer({ min: 0, max: 5 }), (a, b, depth) => {
        const isDeep = [a, b].some((value) => jsonShape(value, depth, MANY) === 'DEEP');
        expect(jsonShape([a, b], depth + 1, MANY)).toBe(isDeep ? 'DEEP' : null);
        expect(jsonShape({ a, b }, depth + 1, MANY)).toBe(isDeep ? 'DEEP' : null);
      }),
    );
  });
});

/** The same value with the keys of every object in the reverse order. */
const shuffled = (value: JsonValue): JsonValue => {
  if (Array.isArray(value)) return value.map(shuffled);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, held]) => [key, shuffled(held)]),
  );
};

describe('canonicalJson', () => {
  it('sorts the keys of every object and keeps the order of arrays', () => {
    expect(canonicalJson(json('{"b":[{"z":1,"y":2},1],"a":null,"10":1,"9":2}'))).toBe(
      '{"9":2,"10":1,"a":null,"b":[{"y":2,"z":1},1]}',
    );
  });

  it('keeps __proto__ as a key', () => {
    expect(canonicalJson(json('{"b":1,"__proto__":{"z":1,"a":2}}'))).toBe(
      '{"__proto__":{"a":2,"z":1},"b":1}',
    );
  });

  it('writes a time as RFC 3339 and leaves out what is undefined', () => {
    expect(canonicalJson({ b: undefined, a: new Date(0) })).toBe('{"a":"1970-01-01T00:00:00.000Z"}');
  });

  it('gives equal text for equal values, whatever the order of their keys', () => {
    fc.assert(
      fc.property(jsonValue(), (value) => {
        expect(canonicalJson(shuffled(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it('gives text that parses to the same value, so that different values give different text', () => {
    fc.assert(
      fc.property(jsonValue(), (value) => {
        expect(isDeepStrictEqual(JSON.parse(canonicalJson(value)), value)).toBe(true);
      }),
    );
  });
});

describe('isSameJson', () => {
  it('is true for equal values, whatever the order of their keys', () => {
    fc.assert(fc.property(jsonValue(), (value) => isSameJson(value, shuffled(value))));
  });

  it('is true for those values alone that are written as the same JSON', () => {
    fc.assert(
      fc.property(jsonValue(), jsonValue(), (one, other) => {
        expect(isSameJson(one, other)).toBe(canonicalJson(one) === canonicalJson(other));
      }),
    );
  });

  it.each<[string, unknown, unknown, boolean]>([
    ['0 and -0', { a: [0] }, { a: [-0] }, true],
    ['objects with and without a prototype', { a: {} }, Object.assign(Object.create(null), { a: {} }), true],
    ['a member that is undefined and one that is left out', { a: 1, b: undefined }, { a: 1 }, true],
    ['a member that is null and one that is left out', { a: null }, {}, false],
    ['a key and a member of the prototype', { toString: 1 }, {}, false],
    ['an empty list and an empty object', [], {}, false],
  ])('compares %s', (_, one, other, isSame) => {
    expect([isSameJson(one, other), isSameJson(other, one)]).toEqual([isSame, isSame]);
  });
});
