import { writeFileSync } from 'node:fs';
import { printedSchema } from './printed-schema.ts';

writeFileSync(new URL('../schema.graphql', import.meta.url), printedSchema());
