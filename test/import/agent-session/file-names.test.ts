import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importDirectory } from '../../../src/import/agent-session/import-directory.ts';
import { openTestRepository, temporaryDirectory } from '../../support/repository.ts';
import { sessionFile, sums, textsOf } from './support.ts';

/** Other file systems accept only names that are UTF-8. */
describe.runIf(process.platform === 'linux')('a file whose name is no UTF-8', () => {
  async function directoryWith(files: readonly (readonly [name: Buffer, content: unknown])[]) {
    const directory = await temporaryDirectory();
    for (const [name, content] of files)
      await writeFile(Buffer.concat([Buffer.from(`${directory}/`), name]), JSON.stringify(content));
    return directory;
  }

  it('comes in', async () => {
    const latin1 = Buffer.from('pl\xe4n.json', 'latin1');
    const repository = await openTestRepository();
    const report = await importDirectory(await directoryWith([[latin1, sessionFile('plan')]]), repository);
    expect(sums(report)).toEqual({ imported: 1, alreadyThere: 0, refused: [], cutLinks: [] });
    expect(textsOf(report.notes)).toEqual(['pl\\xe4n.json: imported under its session_id, "plan"']);
  });

  it('is told from others, and shown byte by byte', async () => {
    const names = ['\xff.json', '\xfe.json', '\xc3\xa4\xff\x1b[2J.json', '\xed\xa0\x80.json'];
    const files = names.map((name) => [Buffer.from(name, 'latin1'), []] as const);
    const report = await importDirectory(await directoryWith(files), await openTestRepository());
    const shown = report.lines().filter((line) => line.includes('expected'));
    expect(shown).toEqual(
      ['\\xed\\xa0\\x80', '\\xfe', '\\xff', 'ä\\xff\\u001b[2J'].map(
        (name) => `  ${name}.json: expected a JSON object, got an array`,
      ),
    );
  });
});

describe('the name of a file', () => {
  it('comes into the report without what turns a line around or ends it', async () => {
    const directory = await temporaryDirectory();
    const name = 'a\u202enosj.exe\u2028\u2066b\u0085\u061c.json';
    await writeFile(join(directory, name), '[]');
    const report = await importDirectory(directory, await openTestRepository());
    expect(report.lines()).toContain(
      '  a\\u202enosj.exe\\u2028\\u2066b\\u0085\\u061c.json: expected a JSON object, got an array',
    );
  });

  it('is shown as it is where it is text in any language', async () => {
    const directory = await temporaryDirectory();
    for (const name of ['计划.json', 'प्लान.json', '👩‍💻.json', 'café.json'])
      await writeFile(join(directory, name), '[]');
    const report = await importDirectory(directory, await openTestRepository());
    const shown = report.refused.map(({ file }) => file);
    expect(shown.toSorted()).toEqual(['café.json', '计划.json', 'प्लान.json', '👩‍💻.json'].toSorted());
    expect(report.lines()).toContain('  👩‍💻.json: expected a JSON object, got an array');
  });
});
