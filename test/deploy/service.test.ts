import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hasCommand } from '../cli/run.ts';
import { temporaryDirectory } from '../support/repository.ts';

const UNIT = readFileSync(join(import.meta.dirname, '../../deploy/sessiontree.service'), 'utf8');

const missing = hasCommand('systemd-analyze') ? '' : ' (skipped: no systemd-analyze on this machine)';

/** The unit as a file, with a program that is there. */
async function unitFile(): Promise<string> {
  const file = join(await temporaryDirectory(), 'sessiontree.service');
  await writeFile(
    file,
    UNIT.replace('/usr/local/bin/sessiontree', () => process.execPath),
  );
  return file;
}

test.skipIf(missing !== '')(`systemd finds nothing wrong in the unit${missing}`, async () => {
  const file = await unitFile();
  // With `--man=no`, which does not look for pages that no unit names.
  expect(
    execFileSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8', stdio: 'pipe' }),
  ).toBe('');
});

test.skipIf(missing !== '')(
  `systemd rates what the service could do to its machine as little${missing}`,
  async () => {
    const args = ['security', '--offline=true', '--threshold=20', '--no-pager', await unitFile()];
    // It fails above the threshold, of 100.
    expect(execFileSync('systemd-analyze', args, { encoding: 'utf8', stdio: 'pipe' })).toContain(
      'Overall exposure level',
    );
  },
);

test('the service owns its state and nothing else, and has the time that a stop may take', () => {
  const settings = new Set(UNIT.split('\n'));
  for (const line of [
    'DynamicUser=yes',
    'StateDirectory=sessiontree',
    'StateDirectoryMode=0700',
    'ProtectSystem=strict',
    'NoNewPrivileges=yes',
    'CapabilityBoundingSet=',
    'TimeoutStopSec=15',
  ])
    expect(settings).toContain(line);
});
