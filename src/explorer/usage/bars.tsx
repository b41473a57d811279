import { cost, shortCount } from '../parts/format.ts';
import type { TokensRow } from '../parts/tokens-sum.ts';
import { visible } from '../parts/visible.ts';
import type { TimeRows } from './figures.ts';

/** Bars of names; the others are in the table. */
const NAMED_MAX = 12;
const HEIGHT = 140;

/** What the bars are as long as: cost, or tokens where nothing has a cost. */
function measureOf(rows: readonly TokensRow[]) {
  const hasCost = rows.some(({ usage }) => usage.costUsd !== null);
  const amountOf = ({ usage }: TokensRow) =>
    hasCost ? (usage.costUsd ?? 0) : usage.inputTokens + usage.outputTokens;
  const wordsOf = (value: number) => (hasCost ? cost(value) : `${shortCount(value)} tokens`);
  const most = rows.reduce((max, row) => Math.max(max, amountOf(row)), 0);
  return { what: hasCost ? 'Cost' : 'Tokens', amountOf, wordsOf, most };
}

/** A bar for each day or month. The table says the same to those who cannot see it. */
export function TimeBars({ unit, rows }: TimeRows) {
  const { what, amountOf, wordsOf, most } = measureOf(rows);
  const highest = rows.find((row) => amountOf(row) === most);
  const width = 100 / rows.length;
  return (
    <figure class="day-bars number">
      <figcaption>{wordsOf(most)}</figcaption>
      <svg
        role="img"
        aria-label={`${what} by ${unit.toLowerCase()}, highest ${unit === 'Day' ? 'on' : 'in'} ${highest?.name} with ${wordsOf(most)}`}
        width="100%"
        height={HEIGHT}
      >
        {rows.map((row, n) => {
          const value = amountOf(row);
          // What is little is seen all the same.
          const height = value > 0 ? Math.max((value / (most || 1)) * HEIGHT, 2) : 0;
          return (
            <g key={row.key}>
              <title>{`${row.name}: ${wordsOf(value)}`}</title>
              <rect class="is-empty" x={`${n * width}%`} width={`${width}%`} y={0} height={HEIGHT} />
              <rect
                x={`${(n + 0.12) * width}%`}
                width={`${width * 0.76}%`}
                y={HEIGHT - height}
                height={height}
                rx={1.5}
              />
            </g>
          );
        })}
      </svg>
      <div class="day-bars-ends">
        <span>{rows[0]?.name}</span>
        <span>{rows.at(-1)?.name}</span>
      </div>
    </figure>
  );
}

/** A bar for each of the first names. */
export function NamedBars({ rows, by }: { rows: readonly TokensRow[]; by: string }) {
  const { what, amountOf, wordsOf, most } = measureOf(rows);
  const shown = rows.slice(0, NAMED_MAX);
  return (
    <figure class="named-bars number" aria-label={`${what} by ${by}`}>
      {shown.map((row) => (
        <div key={row.key}>
          <span class="cut" title={visible(row.name)}>
            {visible(row.name)}
          </span>
          <svg width="100%" height="12" aria-hidden="true">
            <rect width={`${(amountOf(row) / (most || 1)) * 100}%`} height="12" rx="2" />
          </svg>
          <span>{wordsOf(amountOf(row))}</span>
        </div>
      ))}
    </figure>
  );
}
