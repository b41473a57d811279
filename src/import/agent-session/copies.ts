import { isNamedForId } from './file-name.ts';
import type { Entry } from './plan.ts';
import type { Finding } from './report.ts';

/** How to choose between files of the same session, most important first. The preferred file compares as the smaller one. */
const PREFERENCES: readonly {
  readonly reason: string;
  readonly compare: (a: Entry, b: Entry) => number;
}[] = [
  {
    reason: 'is named for that id',
    compare: (a, b) => Number(isNamedForId(b.name, b.id)) - Number(isNamedForId(a.name, a.id)),
  },
  { reason: 'was active later', compare: (a, b) => b.lastActive - a.lastActive },
  { reason: 'has a longer history', compare: (a, b) => b.historyLength - a.historyLength },
  { reason: 'comes first by name', compare: (a, b) => Buffer.compare(a.name, b.name) },
];

/**
 * One file per session. The Python module keeps a session in the file named for its id. Other files with the same id are copies,
 * made by people and programs. They are added to `refused`, each with the name of the file that is imported, and the reason.
 */
export function withoutCopies(entries: readonly Entry[], refused: Finding[]): Entry[] {
  const taken: Entry[] = [];
  for (const [id, files] of Map.groupBy(entries, (entry) => entry.id)) {
    const [best, ...copies] = files.sort(compareFiles) as [Entry, ...Entry[]];
    taken.push(best);
    for (const copy of copies) {
      const { reason } = PREFERENCES.find(({ compare }) => compare(best, copy) !== 0)!;
      const text = `${best.file} has the same session_id, "${id}", and ${reason}`;
      refused.push({ file: copy.file, text });
    }
  }
  return taken;
}

function compareFiles(a: Entry, b: Entry): number {
  for (const { compare } of PREFERENCES) {
    const order = compare(a, b);
    if (order !== 0) return order;
  }
  return 0;
}
