import type { AllTokensFragment } from '../generated/operations.ts';
import { cost, count } from './format.ts';
import { visible } from './visible.ts';

/** What some responses cost together. */
export interface TokensRow {
  readonly key: string;
  readonly name: string;
  readonly responseCount: number;
  readonly usage: AllTokensFragment;
}

interface Props {
  readonly caption: string;
  /** What the rows are about: a model, a day. */
  readonly heading: string;
  readonly rows: readonly TokensRow[];
}

/** Tokens and cost, a row each, and the sums of all rows. */
export function TokensTable({ caption, heading, rows }: Props) {
  const all: TokensRow = {
    key: '',
    name: 'All',
    responseCount: rows.reduce((sum, { responseCount }) => sum + responseCount, 0),
    usage: sumOf(rows.map(({ usage }) => usage)),
  };
  return (
    <div class="table-place">
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
            <Row row={all} />
          </tfoot>
        )}
      </table>
    </div>
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

/** The cost is null where nothing has one. */
export function sumOf(usages: readonly AllTokensFragment[]): AllTokensFragment {
  const sum = {
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    costUsd: null as number | null,
  };
  for (const usage of usages) {
    sum.inputTokens += usage.inputTokens;
    sum.outputTokens += usage.outputTokens;
    sum.cacheReadTokens += usage.cacheReadTokens;
    sum.cacheWriteTokens += usage.cacheWriteTokens;
    sum.reasoningTokens += usage.reasoningTokens;
    if (usage.costUsd !== null) sum.costUsd = (sum.costUsd ?? 0) + usage.costUsd;
  }
  return sum;
}
