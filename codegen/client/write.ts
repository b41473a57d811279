import { writeFileSync } from 'node:fs';
import { generateClient } from './generate.ts';

const directory = new URL('../../packages/client/src/generated/', import.meta.url);
for (const [name, text] of Object.entries(generateClient())) writeFileSync(new URL(name, directory), text);
