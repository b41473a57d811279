import { HISTORY_MESSAGES, LISTED_SESSIONS } from '../peers/content.ts';
import { metText, quantity, table } from '../report.ts';
import { CONTENDERS, type ContenderName, LABELS, PEERS } from './contender-name.ts';
import {
  type CaseResult,
  type MemoryResult,
  medianOf,
  type Results,
  speedAgainst,
  type Verdict,
} from './results.ts';

const MEGABYTE = 1024 * 1024;

/** The table, with footnotes. */
export function resultsMarkdown(results: Results): string {
  const { cases, memory, versions } = results;
  const head = [
    '',
    ...CONTENDERS.map((name) => LABELS[name]),
    'to the floor',
    'to the best peer',
    'goal',
    '',
  ];
  const lines = cases.map((one) => [
    `${one.id}. ${one.title}`,
    ...CONTENDERS.map((name) => quantity(medianOf(one, name) ?? undefined, one.unit) || '–'),
    toFloor(one),
    toBestPeer(one),
    one.verdicts.map(({ text }) => text).join('; '),
    verdictsText(one.verdicts),
  ]);
  const memoryLines = memory ? [memoryLine(memory)] : [];
  const named = CONTENDERS.filter((name) => versions[name]).map(
    (name) => `${LABELS[name]} ${versions[name]}`,
  );
  return [
    ...(lines.length + memoryLines.length > 0 ? [table([head, ...lines, ...memoryLines])] : []),
    ...(named.length > 0
      ? [`${named.join(', ')}; a store of ${results.size.toLocaleString('en')} sessions.`]
      : []),
    [...notes(results), ...missingText(cases)].join('\n'),
  ]
    .filter((text) => text !== '')
    .join('\n\n');
}

/** Footnotes about differences between the contenders. */
function notes({ cases, versions }: Results): string[] {
  const has = (number: string) => cases.some(({ id }) => id.startsWith(number));
  const { opencode, langgraph } = versions;
  return [
    ...(opencode && has('3')
      ? [
          '- 3: opencode gives the children of one session a request. Where its directory holds nothing else, one request lists it.',
        ]
      : []),
    ...(opencode && has('4') ? ["- 4: opencode stores the user's message alone."] : []),
    ...(opencode && (has('4') || has('5'))
      ? ['- 4, 5: opencode answers before a write is on the disk: a power cut can lose it.']
      : []),
    ...(langgraph && (has('4') || has('5'))
      ? ['- 4, 5: LangGraph answers before a write is in a file: the end of its process can lose it.']
      : []),
    ...((opencode || langgraph) && has('6')
      ? [`- 6: opencode and LangGraph list ${LISTED_SESSIONS.toLocaleString('en')} sessions.`]
      : []),
    ...((opencode || langgraph) && has('7')
      ? [`- 7: their history holds ${HISTORY_MESSAGES.toLocaleString('en')} messages.`]
      : []),
  ];
}

/** The ratio to another: of rates, or inversely of times. */
function toFloor(one: CaseResult): string {
  const speed = speedAgainst(one, 'floor');
  if (speed === null) return '';
  return one.unit === '/s' ? `${Math.round(speed * 100)}%` : `${factor(1 / speed)} ×`;
}

function toBestPeer(one: CaseResult): string {
  const speeds = PEERS.map((name) => ({ name, speed: speedAgainst(one, name) })).filter(
    (peer): peer is { name: (typeof PEERS)[number]; speed: number } => peer.speed !== null,
  );
  if (speeds.length === 0) return '';
  const best = speeds.reduce((least, peer) => (peer.speed < least.speed ? peer : least));
  return `${factor(best.speed)} × ${LABELS[best.name]}`;
}

function factor(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(value >= 10 ? 3 : 2);
}

function verdictsText(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return '';
  const failed = verdicts.filter(({ met }) => met === false);
  if (failed.length > 0) return `${metText(false)}: ${failed.map(({ text }) => text).join('; ')}`;
  const open = verdicts.filter(({ met }) => met === null);
  return open.length === 0 ? metText(true) : `not measured: ${open.map(({ text }) => text).join('; ')}`;
}

function memoryLine({ points, verdict }: MemoryResult): string[] {
  const [first, last] = [points[0]!, points.at(-1)!];
  const heap = (bytes: number) => quantity(bytes / MEGABYTE, 'MB');
  const others = CONTENDERS.slice(1).map(() => '–');
  const what = `memory: heap after ${first.requests.toLocaleString('en')} and ${last.requests.toLocaleString('en')} requests`;
  return [
    what,
    `${heap(first.heap)}, ${heap(last.heap)}`,
    ...others,
    '',
    '',
    verdict.text,
    verdictsText([verdict]),
  ];
}

/** The reasons for empty cells, each once. */
function missingText(cases: readonly CaseResult[]): string[] {
  const reasons = new Map<string, string[]>();
  for (const { id, missing } of cases) {
    for (const [name, reason] of Object.entries(missing)) {
      const text = `${LABELS[name as ContenderName]}: ${reason}`;
      reasons.set(text, [...(reasons.get(text) ?? []), id]);
    }
  }
  return [...reasons].map(([text, ids]) => `- ${ids.join(', ')}: ${text}`);
}
