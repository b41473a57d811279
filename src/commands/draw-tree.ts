import type { SessionTree, TokenUsage } from '@sessiontree/client';
import type { Paint, Style } from '../server/pretty-line.ts';
import { oneLine, padded, widthOf } from './terminal-text.ts';
import { treeUsage } from './tree-usage.ts';

export interface TreeDrawing {
  /** Levels beneath the root that are drawn; all by default. */
  readonly depth?: number;
  /** With what each session used, alone and with all beneath it: the tree has to be whole. */
  readonly hasCost?: boolean;
  readonly isAscii?: boolean;
  /** Columns of the terminal: names are cut so that lines fit. */
  readonly columns?: number;
  /** For sessions without a title: the first words of their histories, by id. */
  readonly words: ReadonlyMap<string, string>;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly paint: Paint;
}

const BOXES = { last: '└── ', more: '├── ', below: '│   ', ellipsis: '…' };
const ASCII = { last: '`-- ', more: '|-- ', below: '|   ', ellipsis: '...' };

const NAME_WIDTH_MAX = 60;
/** A deep branch may take the whole line: so much of the name behind it is shown all the same. */
const NAME_WIDTH_MIN = 24;

interface Column {
  readonly heading: string;
  readonly isRight?: boolean;
  text(row: SessionRow): string;
  style?(row: SessionRow): Style | null;
}

/** The columns behind the tree. */
const COLUMNS: readonly Column[] = [
  { heading: 'AGENT', text: ({ session, cut }) => cut(session.agentName ?? '') || '-' },
  { heading: 'STATUS', text: statusOf, style: (row) => STATUS_STYLES[statusOf(row)] ?? null },
  {
    heading: 'MESSAGES',
    isRight: true,
    text: ({ session }) => session.historyLength.toLocaleString('en'),
  },
  { heading: 'ACTIVE', isRight: true, text: ({ session, now }) => ageOf(session.lastActiveAt, now) },
];

const COST_COLUMNS: readonly Column[] = [
  { heading: 'TOKENS', isRight: true, text: ({ session }) => tokensOf(session.usage) },
  { heading: 'COST', isRight: true, text: ({ session }) => costOf(session.usage) },
  { heading: 'TREE TOKENS', isRight: true, text: ({ total }) => tokensOf(total!) },
  { heading: 'TREE COST', isRight: true, text: ({ total }) => costOf(total!) },
];

const ID_COLUMN: Column = { heading: 'ID', text: ({ session }) => session.id, style: () => 'dim' };

const STATUS_STYLES: Readonly<Record<string, Style>> = {
  RUNNING: 'green',
  WAITING: 'yellow',
  FAILED: 'red',
  archived: 'dim',
};

/** The lines of a table, under a line of headings: one for each session, as a tree. */
export function drawTree(tree: SessionTree, drawing: TreeDrawing): string[] {
  const { paint, hasCost } = drawing;
  const { ellipsis } = charactersOf(drawing);
  const columns = [...COLUMNS, ...(hasCost ? COST_COLUMNS : []), ID_COLUMN];
  const rows = [...branchesOf(tree, drawing)].map((branch) => ({
    ...branch,
    cells: branch.row ? columns.map((column) => column.text(branch.row!)) : [],
  }));
  const widths = columns.map(({ heading }, n) =>
    rows.reduce((width, { cells }) => Math.max(width, widthOf(cells[n] ?? '')), heading.length),
  );
  const nameWidth = nameWidthOf(rows, widths, drawing);
  const lineOf = (
    name: string,
    cells: readonly string[],
    style: (column: Column) => Style | null | undefined,
  ) => {
    // Nothing follows the last column, whose texts are on the left.
    const padding = cells.map((cell, n) =>
      n === cells.length - 1 ? cell : padded(cell, widths[n]!, columns[n]!.isRight ? 'right' : 'left'),
    );
    return [name, ...padding.map((cell, n) => painted(paint, style(columns[n]!), cell))].join('  ');
  };
  return [
    paint(
      'dim',
      lineOf(
        padded('SESSION', nameWidth, 'left'),
        columns.map(({ heading }) => heading),
        () => null,
      ),
    ),
    ...rows.map(({ lines, name, style, row, cells }) => {
      const cut = oneLine(name, Math.max(NAME_WIDTH_MIN, nameWidth - lines.length), ellipsis);
      const space = ' '.repeat(Math.max(0, nameWidth - lines.length - widthOf(cut)));
      const label = `${painted(paint, 'dim', lines)}${painted(paint, style, cut)}`;
      return row ? lineOf(label + space, cells, (column) => column.style?.(row)) : label;
    }),
  ];
}

function painted(paint: Paint, style: Style | null | undefined, text: string): string {
  return style ? paint(style, text) : text;
}

/** The width of the tree and the names in it: what the other columns leave of the terminal, at most. */
function nameWidthOf(rows: readonly Branch[], widths: readonly number[], { columns }: TreeDrawing): number {
  const longest = rows.reduce(
    (width, { lines, name }) => Math.max(width, lines.length + widthOf(name)),
    'SESSION'.length,
  );
  if (columns === undefined) return longest;
  const left = columns - widths.reduce((sum, width) => sum + 2 + width, 0);
  return Math.min(longest, Math.max(NAME_WIDTH_MIN, left));
}

const charactersOf = ({ isAscii }: TreeDrawing) => (isAscii ? ASCII : BOXES);

/** A session, and what its cells depend on. */
interface SessionRow {
  readonly session: SessionTree;
  /** What the session used with all beneath it, in a drawing with costs. */
  readonly total: TokenUsage | undefined;
  readonly now: number;
  /** Makes a text safe for a terminal, and short. */
  readonly cut: (text: string) => string;
}

interface Branch {
  /** The lines of the tree before the name: one column a character. */
  readonly lines: string;
  readonly name: string;
  readonly style: Style | null;
  /** Null for a line that says how many children are not drawn. */
  readonly row: SessionRow | null;
}

/** The branches of a tree from the top to the bottom, as deep as they are drawn. A tree may be deeper than calls can nest. */
function* branchesOf(tree: SessionTree, drawing: TreeDrawing): Generator<Branch> {
  const { depth = Number.POSITIVE_INFINITY, hasCost, words, now } = drawing;
  const { last, more, below, ellipsis } = charactersOf(drawing);
  const totals = hasCost ? treeUsage(tree) : null;
  const cut = (text: string) => oneLine(text, NAME_WIDTH_MAX, ellipsis);
  const waiting = [{ session: tree, left: depth, lines: '', under: '' }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { session, left, lines, under } = next;
    const { id, title, archivedAt, childCount, children } = session;
    const name = cut(title ?? '') || cut(words.get(id) ?? '');
    const row = { session, total: totals?.get(id), now, cut };
    yield { lines, name: name || 'untitled', style: name && !archivedAt ? 'bold' : 'dim', row };
    if (left > 0) {
      for (const [n, child] of children.toReversed().entries()) {
        const isLast = n === 0;
        waiting.push({
          session: child,
          left: left - 1,
          lines: under + (isLast ? last : more),
          under: under + (isLast ? ' '.repeat(below.length) : below),
        });
      }
    } else if (childCount > 0) {
      const rest = `${ellipsis} ${childCount.toLocaleString('en')} ${childCount === 1 ? 'child' : 'children'}`;
      yield { lines: under + last, name: rest, style: 'dim', row: null };
    }
  }
}

function statusOf({ session }: SessionRow): string {
  return session.archivedAt === null ? session.status : 'archived';
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

function tokensOf({ inputTokens, outputTokens }: TokenUsage): string {
  return compact.format(inputTokens + outputTokens);
}

function costOf({ costUsd }: TokenUsage): string {
  if (costUsd === null) return '-';
  const digits = costUsd > 0 && costUsd < 1 ? 4 : 2;
  return `$${costUsd.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long ago it was: `now` within a minute, else in one whole unit. */
export function ageOf(time: string, now: number): string {
  const ms = now - Date.parse(time);
  if (ms < MINUTE_MS) return 'now';
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < 2 * DAY_MS) return `${Math.floor(ms / HOUR_MS)} h`;
  return `${Math.floor(ms / DAY_MS)} d`;
}
