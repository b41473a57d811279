import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = readFileSync(join(import.meta.dirname, '../../../../FORMAT.md'), 'utf8');

/** A member of a record, as a row of a table in FORMAT.md has it. */
export interface DocumentedMember {
  readonly name: string;
  /** "integer from 1", "time", "string or null" … */
  readonly type: string;
  readonly isOptional: boolean;
}

/** A part of FORMAT.md that specifies one thing. */
export interface Specification {
  readonly members: readonly DocumentedMember[];
  /** All names in code marks: members that prose specifies are among them. */
  readonly names: readonly string[];
}

/** The part of the page from the first line with `marker` to the next heading or record. */
export function specificationAt(marker: string): Specification {
  const lines = PAGE.split('\n');
  const first = lines.findIndex((line) => line.includes(marker));
  if (first === -1) throw new Error(`FORMAT.md has no ${marker}`);
  const length = lines.slice(first + 1).findIndex((line) => /^(#|`"op":"|A message:)/.test(line));
  const part = lines.slice(first, length === -1 ? undefined : first + 1 + length).join('\n');
  return { members: membersIn(part), names: [...part.matchAll(/`(\w+)`/g)].map(([, name]) => name!) };
}

function membersIn(part: string): DocumentedMember[] {
  return tablesIn(part)
    .filter(({ heading }) => heading[0] === 'member')
    .flatMap(({ rows }) => rows)
    .flatMap(([cell, typeCell]) => {
      const names = [...cell!.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
      const [types, ...more] = typeCell!.split(/[,;] (?=optional$)/);
      // "integer from 1, integer from 2" is one type for each name, "string" is that of all.
      const each = types!.split(', ');
      return names.map((name, n) => ({ name, type: each[n] ?? each[0]!, isOptional: more.length > 0 }));
    });
}

interface Table {
  readonly heading: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

function tablesIn(text: string): Table[] {
  return [...text.matchAll(/(?:^\|.*\|$\n?)+/gm)].map(([table]) => {
    const [heading, , ...rows] = table.trim().split('\n').map(cellsIn);
    return { heading: heading!, rows };
  });
}

function cellsIn(row: string): string[] {
  return row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** The rows of the table whose first heading is this. */
export function rowsUnder(heading: string): readonly (readonly string[])[] {
  const table = tablesIn(PAGE).find((each) => each.heading[0] === heading);
  if (!table) throw new Error(`FORMAT.md has no table under ${heading}`);
  return table.rows;
}

/** The kinds of records, by their `op`, in the order of the page. */
export function documentedOps(): string[] {
  return [...new Set([...PAGE.matchAll(/`"op":"(\w+)"`/g)].map(([, op]) => op!))];
}

/** The lines that the page shows as examples. */
export function exampleLines(): string[] {
  return [...PAGE.matchAll(/^ {4}(\{.*\})$/gm)].map(([, line]) => line!);
}
