import { useEffect, useState } from 'preact/hooks';
import { addressBar, NO_TREE, USAGE_DIMENSIONS, USAGE_PERIODS, type UsageDimensionName } from '../address.ts';
import { UsageDocument } from '../generated/operations.ts';
import { useAsked } from '../parts/asked.ts';
import { BackButton } from '../parts/back-button.tsx';
import { cost, count, shortCount } from '../parts/format.ts';
import { Notice } from '../parts/notice.tsx';
import { useObservable } from '../parts/observable.ts';
import { useTitle } from '../parts/title.ts';
import { sumOf, type TokensRow } from '../parts/tokens-sum.ts';
import { TokensTable } from '../parts/tokens-table.tsx';
import { NamedBars, TimeBars } from './bars.tsx';
import { firstDay, rowsBy, rowsByDay } from './figures.ts';

/** Of models, projects, agents and users, so many that cost most. */
const GROUPS_MAX = 200;
const REFRESH_MS = 60_000;

const HEADINGS: Record<UsageDimensionName, string> = {
  day: 'Day',
  model: 'Model',
  project: 'Project',
  agent: 'Agent',
  user: 'User',
};

/** What was spent, by day, model, project, agent or user. */
export function UsagePane() {
  const { now } = useObservable(addressBar);
  const { usageBy, usageDays } = now;
  const minute = useMinute();
  const first = usageDays === null ? null : firstDay(usageDays, minute);
  const variables = {
    by: [usageBy.toUpperCase() as Uppercase<UsageDimensionName>],
    from: first && `${first}T00:00:00.000Z`,
    first: usageBy === 'day' ? null : GROUPS_MAX,
  };
  const { data, error, retry } = useAsked(UsageDocument, variables, minute);
  useTitle('Usage');
  const groups = data?.usageReport;
  return (
    <section class="pane is-wide tree-pane usage-pane" aria-label="Usage">
      <div class="bar">
        <BackButton label="All trees" to={NO_TREE} />
        <h2>Usage</h2>
      </div>
      <div class="choosers">
        <fieldset>
          <legend class="unseen">Divided by</legend>
          {USAGE_DIMENSIONS.map((name) => (
            <button
              key={name}
              type="button"
              class="chip"
              aria-pressed={usageBy === name}
              onClick={() => addressBar.go({ usageBy: name }, true)}
            >
              {HEADINGS[name]}
            </button>
          ))}
        </fieldset>
        <span class="grow" />
        <fieldset>
          <legend class="unseen">Period</legend>
          {[...USAGE_PERIODS, null].map((days) => (
            <button
              key={days}
              type="button"
              class="chip"
              aria-pressed={usageDays === days}
              onClick={() => addressBar.go({ usageDays: days }, true)}
            >
              {days === null ? 'All' : `${days} days`}
            </button>
          ))}
        </fieldset>
      </div>
      {error && !groups ? (
        <Notice title="The usage could not be read" onRetry={retry}>
          <p>{error.message}</p>
        </Notice>
      ) : groups ? (
        <Figures
          {...(usageBy === 'day'
            ? rowsByDay(groups, first, minute)
            : { unit: HEADINGS[usageBy], rows: rowsBy(usageBy, groups) })}
        />
      ) : (
        <div class="scroll skeleton" role="progressbar" aria-label="Reading the usage" />
      )}
    </section>
  );
}

interface FiguresProps {
  /** What a row is about. */
  readonly unit: string;
  readonly rows: readonly TokensRow[];
}

function Figures({ unit, rows }: FiguresProps) {
  const by = unit.toLowerCase();
  const isTime = unit === 'Day' || unit === 'Month';
  const { usage, responseCount } = sumOf('', rows);
  const tokens = usage.inputTokens + usage.outputTokens;
  if (responseCount === 0)
    return (
      <Notice title="Nothing was spent in this time">
        <p>What agents report with their messages adds up here.</p>
      </Notice>
    );
  const cached = tokens > 0 ? Math.round((usage.cacheReadTokens / tokens) * 100) : 0;
  return (
    <section
      class="scroll usage"
      aria-label="Figures"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
      tabIndex={0}
    >
      <div class="tree-sums">
        <div>
          <b>{cost(usage.costUsd)}</b>
          <span>{rows.length >= GROUPS_MAX ? `the ${count(GROUPS_MAX)} that cost most` : 'in all'}</span>
        </div>
        <div>
          <b>{shortCount(tokens)}</b>
          <span>{cached > 0 ? `tokens, ${cached}% cached` : 'tokens'}</span>
        </div>
        <div>
          <b>{count(responseCount)}</b>
          <span>responses</span>
        </div>
      </div>
      {isTime ? <TimeBars unit={unit} rows={rows} /> : <NamedBars rows={rows} by={by} />}
      <TokensTable
        caption={`Usage by ${by}`}
        heading={unit}
        // The last days are what one looks for.
        rows={isTime ? rows.toReversed().filter((row) => row.responseCount > 0) : rows}
      />
    </section>
  );
}

/** The time, anew each minute. */
function useMinute(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
