import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Compiling is a third of a start: what came of it is kept for the next, once the process has ended. It is kept beside the code; in a
// directory for all, as for temporary files, others could put code of theirs. Where nothing can be written, each start compiles.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/sessiontree'));

await import('./commands/program.ts');
