import { DatabaseSync } from 'node:sqlite';
import type { Format } from '../../../src/import/format.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/model/json.ts';
import { writeFiles } from '../claude/transcript.ts';

/** A line, a row or a file of a source. */
export interface SampleRecord {
  /** What leaves are named by: the type of a line, or the name of a table. */
  readonly kind: string;
  readonly value: JsonObject;
  /** The file, or the database, that it is in. */
  readonly file: string;
}

/** Leaves, by `<kind> <path>`. */
export interface LeafRule {
  readonly leaf: RegExp;
  /** What docs/import.md says of them: in the section of the format. */
  readonly docs: string;
}

/** A source of a format, with everything that the format can have. No value is there twice, but where it means the same. */
export interface Sample {
  readonly title: string;
  readonly format: Format;
  readonly records: readonly SampleRecord[];
  /** Objects that are to stay as they are, by `<kind> <path>`: their members have ids as names, for example. */
  readonly unplanted?: RegExp;
  /** Values that have a field in another form: a `type` is a role, counts of tokens are added. */
  readonly elsewhere: readonly LeafRule[];
  readonly dropped: readonly (LeafRule & { readonly counted: string })[];
  write(folder: string, records: readonly SampleRecord[]): Promise<void>;
}

/** The records of a sample, each object in them with one more member: as a later version of the program may write it. */
export function planted({ records, unplanted }: Sample): SampleRecord[] {
  let count = 0;
  const plant = (value: JsonValue, kind: string, path: string): JsonValue => {
    if (Array.isArray(value)) return value.map((element) => plant(element, kind, `${path}[]`));
    if (!isJsonObject(value)) return value;
    const members = Object.entries(value).map(([name, inner]) => [
      name,
      plant(inner, kind, path === '' ? name : `${path}.${name}`),
    ]);
    const object = Object.fromEntries(members);
    if (unplanted?.test(`${kind} ${path}`)) return object;
    count += 1;
    return { ...object, planted: `planted ${count}.` };
  };
  return records.map((record) => ({ ...record, value: plant(record.value, record.kind, '') as JsonObject }));
}

/** Files of lines. */
export async function writeLines(folder: string, records: readonly SampleRecord[]): Promise<void> {
  const byFile = Map.groupBy(records, ({ file }) => file);
  const files = [...byFile].map(([file, found]) => [
    file,
    found.map(({ value }) => `${JSON.stringify(value)}\n`).join(''),
  ]);
  await writeFiles(folder, Object.fromEntries(files));
}

/** A database with a table for each kind, of which the columns are the members. */
export function writeDatabase(path: string, records: readonly SampleRecord[]): void {
  using database = new DatabaseSync(path);
  for (const [table, rows] of Map.groupBy(records, ({ kind }) => kind)) {
    const columns = [...new Set(rows.flatMap(({ value }) => Object.keys(value)))];
    database.exec(`CREATE TABLE "${table}" (${columns.map((name) => `"${name}"`).join(', ')})`);
    const insert = database.prepare(`INSERT INTO "${table}" VALUES (${columns.map(() => '?').join(', ')})`);
    for (const { value } of rows)
      insert.run(
        ...columns.map((name) => {
          const cell = value[name] ?? null;
          return typeof cell === 'object' && cell !== null
            ? JSON.stringify(cell)
            : typeof cell === 'boolean'
              ? Number(cell)
              : cell;
        }),
      );
  }
}
