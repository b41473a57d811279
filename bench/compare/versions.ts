import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lineup } from './lineup.ts';
import type { Results } from './results.ts';

const BENCH = join(import.meta.dirname, '..');

/** The versions of all contenders. */
export function versionsOf({ graphql, peers }: Lineup): Results['versions'] {
  return {
    sessiontree: versionIn(join(BENCH, '..')),
    floor: `node:http of Node.js ${process.version}`,
    ...(graphql.has('stock-yoga') && {
      'stock-yoga': versionIn(join(BENCH, '../node_modules/graphql-yoga')),
    }),
    ...(graphql.has('mercurius') && { mercurius: versionIn(join(BENCH, 'node_modules/mercurius')) }),
    ...Object.fromEntries([...peers].map(([name, { running }]) => [name, running.version])),
  };
}

function versionIn(directory: string): string {
  return (JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version: string }).version;
}
