import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const BUILT = join(import.meta.dirname, '../../dist/explorer');

/** The size of the scripts that the page names, gzipped: what is loaded before anything is drawn. */
export function bytesAtFirst(): number {
  const page = readFileSync(join(BUILT, 'index.html'), 'utf8');
  const scripts = [...page.matchAll(/(?:src|href)="\.\/([^"]+\.js)"/g)].map(([, path]) => path!);
  return scripts.reduce(
    (sum, path) => sum + gzipSync(readFileSync(join(BUILT, path)), { level: 9 }).length,
    0,
  );
}
