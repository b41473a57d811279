import { cost, count } from './format.ts';
import { sumOf, type TokensRow } from './tokens-sum.ts';
import { visible } from './visible.ts';

interface Props {
  readonly caption: string;
  /** What the rows are about: a model, a day. */
  readonly heading: string;
  readonly rows: readonly TokensRow[];
}

/** Tokens and cost, a row each, and the sums of all rows. */
export function TokensTable({ caption, heading, rows }: Props) {
  return (
    <section
      class="table-place"
      aria-label={caption}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
      tabIndex={0}
    >
      <table class="number">
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{heading}</th>
            <th scope="col">Responses</th>
            <th scope="col">Input</th>
            <th scope="col">Cached</th>
            <th scope="col">Output</th>
            <th scope="col">Reasoning</th>
            <th scope="col">Cost</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.key} row={row} />
          ))}
        </tbody>
        {rows.length > 1 && (
          <tfoot>
            <Row row={sumOf('All', rows)} />
          </tfoot>
        )}
      </table>
    </section>
  );
}

function Row({ row: { name, responseCount, usage } }: { row: TokensRow }) {
  return (
    <tr>
      <th scope="row">{visible(name)}</th>
      <td>{count(responseCount)}</td>
      <td>{count(usage.inputTokens)}</td>
      <td>{count(usage.cacheReadTokens)}</td>
      <td>{count(usage.outputTokens)}</td>
      <td>{count(usage.reasoningTokens)}</td>
      <td>{cost(usage.costUsd)}</td>
    </tr>
  );
}
