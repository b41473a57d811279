import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');

/** The rooms from the bottom up: a module imports only from its own room and from earlier ones. ARCHITECTURE.md describes them. */
const ROOMS = [
  // The page that browsers run: nothing of the server runs there.
  'explorer/',
  'model/',
  'printable.ts',
  'version.ts',
  'threads.ts',
  'descriptors.ts',
  'compile-literal.ts',
  'repository/observer.ts',
  'repository/read-options.ts',
  'repository/broadcast.ts',
  'repository/changes.ts',
  'repository/reads.ts',
  'repository/mutations.ts',
  'repository/dump.ts',
  'repository/repository.ts',
  'repository/store-place.ts',
  'repository/records/',
  'repository/usage/',
  'repository/text-allowance.ts',
  'repository/plans/',
  'repository/runtime/',
  'repository/files/runtime/',
  'repository/files/format/',
  'repository/files/disk/',
  'repository/files/index/',
  'repository/files/scan/',
  'repository/files/commit/',
  'repository/files/search/',
  'repository/files/durable/',
  'repository/files/read/',
  'repository/files/recovery/',
  'repository/files/write/',
  'repository/files/file-repository.ts',
  'repository/files/open.ts',
  'repository/files/read-only-repository.ts',
  'repository/files/open-snapshot.ts',
  'repository/files/tools/',
  'repository/postgres/connection/',
  'repository/postgres/options.ts',
  'repository/postgres/rows/',
  'repository/postgres/migrations/',
  'repository/postgres/read/',
  'repository/postgres/search/',
  'repository/postgres/changes/',
  'repository/postgres/write/',
  'repository/postgres/copy/',
  'repository/postgres/postgres-repository.ts',
  'repository/postgres/open.ts',
  'repository/postgres/shared-texts.ts',
  'repository/postgres/tools/',
  'repository/whole-sessions.ts',
  'repository/open-store.ts',
  'repository/scoped/',
  'schema/',
  'execution/',
  'export/',
  'import/',
  'server/',
  'mcp/',
  'commands/',
  'index.ts',
  'cli.ts',
  'bin.ts',
];

const roomOf = (file: string) => ROOMS.findIndex((room) => file === room || file.startsWith(room));

/** The files of `src/`, each with its imports, including type imports. */
const imports = new Map(
  readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => {
      const text = readFileSync(join(SRC, file), 'utf8');
      const specifiers = [...text.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'(\.[^']+)'/g)];
      return [file, specifiers.map(([, path]) => relative(SRC, resolve(SRC, dirname(file), path!)))];
    }),
);

it('the explorer is a world of its own: no other room imports from it', () => {
  const others = [...imports].filter(([file]) => !file.startsWith('explorer/'));
  expect(others.filter(([, imported]) => imported.some((file) => file.startsWith('explorer/')))).toEqual([]);
});

it('the libraries of MCP load only with its command: a server and a program that embeds the package do without them', () => {
  const texts = [...imports.keys()].map((file) => [file, readFileSync(join(SRC, file), 'utf8')] as const);
  const others = texts.filter(([file]) => !file.startsWith('mcp/'));
  const statically = /\bfrom\s*'[^']*(?:@modelcontextprotocol|\/mcp\/)/;
  expect(others.filter(([, text]) => statically.test(text)).map(([file]) => file)).toEqual([]);
  const dynamically = /\bimport\('[^']*(?:@modelcontextprotocol|\/mcp\/)/;
  expect(others.filter(([, text]) => dynamically.test(text)).map(([file]) => file)).toEqual([
    'commands/mcp.ts',
  ]);
});

it('each file is in a room', () => {
  expect([...imports.keys()].filter((file) => roomOf(file) === -1)).toEqual([]);
});

it('no import runs up: a room that knows those above can be understood only with them', () => {
  const up = [...imports].flatMap(([file, imported]) =>
    imported.filter((other) => roomOf(other) > roomOf(file)).map((other) => `${file} imports ${other}`),
  );
  expect(up).toEqual([]);
});

const DOORS = ['execution/execute.ts', 'execution/subscribe.ts'];

it("operations are executed through one door, subscriptions through another: what has a plan is nobody else's business", () => {
  const past = [...imports].flatMap(([file, imported]) =>
    imported
      .filter((other) => other.startsWith('execution/') && !file.startsWith('execution/'))
      .filter((other) => !DOORS.includes(other) || !/^(server\/|index\.ts$)/.test(file))
      .map((other) => `${file} imports ${other}`),
  );
  expect(past).toEqual([]);
});

it('no files import each other in a circle: neither could be read, tested or moved without the other', () => {
  const left = new Map(imports);
  for (let size = -1; size !== left.size; ) {
    size = left.size;
    for (const [file, imported] of left) if (!imported.some((other) => left.has(other))) left.delete(file);
  }
  expect([...left.keys()]).toEqual([]);
});

it('no SQL outside the rooms that own a database: a table can be changed safely only where all its queries are in one room', () => {
  // The lock of the data directory is an SQLite file without tables.
  const own = ['index/', 'search/', 'disk/lock.ts'].map((room) => `repository/files/${room}`);
  // Databases of other programs, which an import only reads.
  const foreign = ['import/codex/state-database.ts', 'import/opencode/database-store.ts'];
  const owners = [...own, 'repository/postgres/', ...foreign];
  const sql =
    /\b(SELECT|INSERT|UPDATE|DELETE)\b[^;]*?\b(FROM|INTO|SET)\b|\b(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|PRAGMA)\b|node:sqlite|\bStatements\b|\.tables\b/;
  const found = [...imports.keys()].filter(
    (file) =>
      !owners.some((room) => file.startsWith(room)) && sql.test(readFileSync(join(SRC, file), 'utf8')),
  );
  expect(found).toEqual([]);
});

it('ARCHITECTURE.md and CONTRIBUTING.md name only what is there', () => {
  for (const page of ['ARCHITECTURE.md', 'CONTRIBUTING.md']) {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const paths = [...text.matchAll(/`([\w.-]+\/[\w/.-]*)`/g)].map(([, path]) => path!);
    // Paths may be relative to `src/`, to the repository, to the store or to the server.
    const places = [
      '',
      'src',
      'src/repository',
      'src/repository/postgres',
      'src/repository/files',
      'src/server',
      'src/explorer',
    ];
    const missing = paths.filter((path) => !places.some((place) => existsSync(join(ROOT, place, path))));
    expect(missing, page).toEqual([]);
  }
});
