import pg from 'pg';

const { types } = pg;

/** OIDs: https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat */
const INT8 = 20;
const INT8_ARRAY = 1016;
const NUMERIC = 1700;

const parsers = new Map<number, (text: string) => unknown>([
  // All of them are below 2^53, clocks too: see `changes/epoch.ts`.
  [INT8, Number],
  [INT8_ARRAY, (text) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(Number))],
  // A sum has as many decimals as the most exact of what was added: exact decimals end without zeros (`model/decimal.ts`).
  [NUMERIC, (text) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)],
]);

/** How values come out of the database: numbers, arrays of them, and exact decimals as text. */
export const valueParsers = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    parsers.get(oid) ?? types.getTypeParser(oid, format as 'text'),
} as pg.CustomTypesConfig;
