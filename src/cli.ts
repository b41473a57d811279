import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Compiling the code takes a third of a start, so the compiled code is cached. The cache lies beside the code: in a shared
// directory, such as that for temporary files, other users could plant code. If the cache cannot be written, each start compiles.
const cache = join(import.meta.dirname, '../node_modules/.cache/sessiontree');
enableCompileCache(cache);
// That is for the calling thread only. Worker threads, such as that of search, read the variable.
process.env.NODE_COMPILE_CACHE ||= cache;

await import('./commands/program.ts');
