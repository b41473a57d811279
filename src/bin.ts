#!/usr/bin/env node
// No static imports: an older Node.js would fail on one before this check, without saying why.
const OLDEST = 24;

if (Number(process.versions.node.split('.')[0]) < OLDEST) {
  process.stderr.write(`sessiontree needs Node.js ${OLDEST} or newer; this is ${process.version}.\n`);
  process.exitCode = 1;
} else {
  await import('./cli.ts');
}
