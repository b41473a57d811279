import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { leavesOf, StoredLeaves } from './leaves.ts';
import { planted } from './samples/sample.ts';
import { SAMPLES } from './samples/samples.ts';
import { sourceLab } from './source-lab.ts';

const DOCUMENTATION = join(import.meta.dirname, '../../docs/import.md');

it.each(SAMPLES)(
  '$title: every value of the source is in the store, or named as dropped and counted',
  async (sample) => {
    const records = planted(sample);
    const lab = await sourceLab(sample.format);
    await sample.write(lab.folder, records);
    const report = await lab.run();
    expect(report.faults).toEqual([]);
    const stored = await StoredLeaves.of(lab.repository);
    const lost = records.flatMap(({ kind, value }) =>
      [...leavesOf(value)]
        .filter((leaf) => !stored.has(leaf))
        .map(({ path, value: told }) => ({ leaf: `${kind} ${path}`, told })),
    );
    const section = await sectionOf(sample.format.title);
    const unnamed = lost.filter(
      ({ leaf }) => ![...sample.elsewhere, ...sample.dropped].some((entry) => entry.leaf.test(leaf)),
    );
    expect(unnamed).toEqual([]);
    for (const { leaf, docs } of [...sample.elsewhere, ...sample.dropped]) {
      expect(
        lost.some((one) => leaf.test(one.leaf)),
        `${leaf} is lost`,
      ).toBe(true);
      expect(section).toContain(docs);
    }
    for (const { counted } of sample.dropped) expect([...report.dropped.keys()]).toContain(counted);
  },
);

/** The section of docs/import.md about a format. */
async function sectionOf(title: string): Promise<string> {
  const text = await readFile(DOCUMENTATION, 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith(`${title}\n`));
  if (section === undefined) throw new Error(`Expected a section "${title}" in ${DOCUMENTATION}`);
  return section;
}
