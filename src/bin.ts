#!/usr/bin/env node
// Nothing is imported before the check: an older Node would fail on it first, and not say why.
const OLDEST = 24;

if (Number(process.versions.node.split('.')[0]) < OLDEST) {
  process.stderr.write(`sessiontree needs Node.js ${OLDEST} or newer; this is ${process.version}.\n`);
  process.exitCode = 1;
} else {
  await import('./cli.ts');
}
