import { runFromCommandLine } from '../command-line.ts';
import { PARTS } from './parts.ts';

/** The long form of the torture suite for stores in PostgreSQL. */
await runFromCommandLine({
  script: 'test/torture/postgres/run.ts',
  parts: PARTS,
  rounds: { of: 'kill -9', count: 50 },
});
