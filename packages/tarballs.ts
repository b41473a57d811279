import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installSdks } from './adapters/install-sdks.ts';
import { runOrExit } from './adapters/run-or-exit.ts';

/**
 * `npm run tarballs [-- ADAPTER…]`: packs the client and the server as `npm publish` would, and the adapters that are named, into
 * `tarballs/`, from which npm installs them into other projects.
 */
const ROOT = join(import.meta.dirname, '..');
const ADAPTERS = join(import.meta.dirname, 'adapters');

const { values, positionals: adapters } = parseArgs({
  options: { to: { type: 'string' } },
  allowPositionals: true,
});
const unknown = adapters.find((name) => !existsSync(join(ADAPTERS, name, 'package.json')));
if (unknown !== undefined) {
  const names = readdirSync(ADAPTERS).filter((name) => existsSync(join(ADAPTERS, name, 'package.json')));
  process.stderr.write(`error: expected ${names.join(', ')}, got "${unknown}"\n`);
  process.exit(2);
}

const directory = resolve(values.to ?? join(ROOT, 'tarballs'));
// Those of an earlier version would be installed with the new ones.
if (values.to === undefined) rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
if (adapters.length > 0) installSdks();
const folders = [join(ROOT, 'packages/client'), ROOT, ...adapters.map((name) => join(ADAPTERS, name))];
for (const folder of folders)
  runOrExit('npm', ['pack', '--loglevel=error', '--pack-destination', directory], folder);
process.stdout.write(`Install them together, in a project of your own: npm install ${directory}/*.tgz\n`);
