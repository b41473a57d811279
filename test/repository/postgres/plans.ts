import pg from 'pg';
import type { Logger } from '../../../src/repository/observer.ts';

/** A statement with the plan that it was run by. */
export interface RunPlan {
  readonly sql: string;
  /** For each table, which of its partitions were read. */
  readonly partitions: ReadonlyMap<string, ReadonlySet<number>>;
}

/** A node of a plan, as EXPLAIN with ANALYZE and FORMAT JSON writes it. */
interface PlanNode {
  readonly 'Relation Name'?: string;
  readonly 'Actual Loops': number;
  readonly Plans?: readonly PlanNode[];
}

const SETTINGS = {
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_timing': 'off',
  'auto_explain.log_format': 'json',
  'auto_explain.log_level': 'notice',
};

/** Has a database tell each later connection the plan of each statement that it has run, as a notice. */
export async function tellPlans(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const name = client.escapeIdentifier(new URL(url).pathname.slice(1));
  for (const [setting, value] of Object.entries(SETTINGS))
    await client.query(`ALTER DATABASE ${name} SET ${setting} = ${client.escapeLiteral(value)}`);
  await client.end();
}

/** A logger of a store that gives each plan to `told`. */
export function planLogger(told: (plan: RunPlan) => void): Logger {
  return {
    debug(details: object) {
      const { notice = '' } = details as { readonly notice?: string };
      const [, json] = /^duration: .* plan:\n(.*)$/s.exec(notice) ?? [];
      if (json) told(runPlanOf(JSON.parse(json)));
    },
    info() {},
    warn() {},
    error() {},
  };
}

function runPlanOf(told: { readonly 'Query Text': string; readonly Plan: PlanNode }): RunPlan {
  const partitions = new Map<string, Set<number>>();
  const nodes = [told.Plan];
  for (const node of nodes) {
    nodes.push(...(node.Plans ?? []));
    const [, table, partition] = /^(.+)_(\d+)$/.exec(node['Relation Name'] ?? '') ?? [];
    if (table === undefined || node['Actual Loops'] === 0) continue;
    const known = partitions.get(table);
    if (known) known.add(Number(partition));
    else partitions.set(table, new Set([Number(partition)]));
  }
  return { sql: told['Query Text'], partitions };
}
