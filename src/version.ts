import { readFileSync } from 'node:fs';

const file = new URL('../package.json', import.meta.url);

/** The version in package.json, which lies next to both `src/` and `dist/`. */
export const { version: VERSION } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
