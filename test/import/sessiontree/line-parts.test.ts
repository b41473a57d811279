import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type LinePart, LineScanner } from '../../../src/import/sessiontree/line-parts.ts';

/** What the scanner finds in a text that comes in chunks of these sizes, over and over. */
function partsOf(text: string | Buffer, sizes: readonly number[] = [1_000_000]): LinePart[] {
  const scanner = new LineScanner({ offset: 0, number: 1 });
  const bytes = Buffer.from(text as string);
  const found: LinePart[] = [];
  for (let at = 0, n = 0; at < bytes.length; n += 1) {
    const size = sizes[n % sizes.length]!;
    found.push(...scanner.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return [...found, ...scanner.end()];
}

const shown = (parts: readonly LinePart[]) =>
  parts.map((part) =>
    part.type === 'end'
      ? `${part.number}@${part.offset}: ${part.fault}`
      : `${part.type} ${part.bytes?.toString().trim()}`,
  );

it('gives the members of a line, and the elements of its history, one by one', () => {
  const text =
    '\n{"a":"}],{\\"\\\\", "history" : [ {"x":[1,{}]},{"history":[2]} ], "b":{"history":[3]},"history2":[]}\n \r\n{"history":[]}\r\n{}';
  expect(shown(partsOf(text))).toEqual([
    'member "a":"}],{\\"\\\\"',
    'message {"x":[1,{}]}',
    'message {"history":[2]}',
    'member "b":{"history":[3]}',
    'member "history2":[]',
    '2@1: null',
    `4@${text.indexOf('{"history":[]}')}: null`,
    `5@${text.lastIndexOf('{}')}: null`,
  ]);
});

it.each([
  ['{"a":1\n', 'the line is cut, or no JSON object'],
  ['{"a":"\n', 'the line is cut, or no JSON object'],
  ['{"a":1', 'the file ends within the line'],
  ['{"history":[{', 'the file ends within the line'],
  ['[1]', 'the line is no JSON object'],
  ['"{}"', 'the line is no JSON object'],
  ['{}{}', 'the line is no JSON object'],
  ['{"a":[1}', 'the file ends within the line'],
  ['{]', 'the line is no JSON object'],
  ['}', 'the line is no JSON object'],
  ['null', 'the line is no JSON object'],
])('%j is a fault, and the line after it is read', (line, fault) => {
  const ends = partsOf(line).filter(({ type }) => type === 'end');
  expect(ends).toEqual([{ type: 'end', number: 1, offset: 0, length: line.trimEnd().length, fault }]);
  const parts = partsOf(`${line.trimEnd()}\n{"b":2}\n`);
  expect(shown(parts).slice(-2)).toEqual(['member "b":2', `2@${line.trimEnd().length + 1}: null`]);
});

it('passes over a byte order mark', () => {
  expect(shown(partsOf('\ufeff{"a":1}\n'))).toEqual(['member "a":1', '1@0: null']);
});

it('finds the same wherever the text is cut into chunks', () => {
  const line = fc.record({
    id: fc.string({ unit: 'binary' }),
    before: fc.jsonValue(),
    quotes: fc.string({ unit: fc.constantFrom('\\', '"', '}') }),
    history: fc.array(fc.jsonValue(), { maxLength: 4 }),
    after: fc.jsonValue(),
  });
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 3 }), sizes, (lines, chunks) => {
      const parts = partsOf(lines.map((each) => `${JSON.stringify(each)}\n`).join(''), chunks);
      let n = 0;
      let read: { history: unknown[] } = { history: [] };
      for (const part of parts) {
        if (part.type === 'message') read.history.push(JSON.parse(part.bytes!.toString()));
        else if (part.type === 'member') Object.assign(read, JSON.parse(`{${part.bytes}}`));
        else if (part.type === 'end') {
          expect(part.fault).toBeNull();
          expect(read).toEqual(JSON.parse(JSON.stringify(lines[n])));
          read = { history: [] };
          n += 1;
        }
      }
      expect(n).toBe(lines.length);
    }),
    { numRuns: 100 },
  );
});
