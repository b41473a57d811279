import { useEffect, useState } from 'preact/hooks';
import { ask } from '../api/client.ts';
import { ModelsBeneathDocument, type ModelsBeneathQuery } from '../generated/operations.ts';
import { cost, count, shortCount } from '../parts/format.ts';
import type { OpenTree } from './open-tree.ts';

type Models = NonNullable<ModelsBeneathQuery['session']>['rollup']['byModel'];

const COLOURS = ['var(--accent)', 'var(--running)', 'var(--waiting)', 'var(--failed)', 'var(--idle)'];

/** What the tree comes to, and which models it was spent on. */
export function TreeSums({ tree }: { tree: OpenTree }) {
  const sums = tree.rows.sumsOf(tree.id);
  // The sums of a part would be taken for those of the tree.
  const isKnown = tree.rows.isWhole(tree.id) || !tree.isReading;
  const models = useModels(tree, isKnown ? sums.costUsd : null);
  const cached = sums.tokens > 0 ? Math.round((sums.cachedTokens / sums.tokens) * 100) : 0;
  const spent = models.reduce((sum, { usage }) => sum + (usage.costUsd ?? 0), 0);
  const shares = models.map(({ model, usage }) => ({
    model: model ?? 'no model',
    percent: spent > 0 ? ((usage.costUsd ?? 0) / spent) * 100 : 0,
  }));
  return (
    <div class={isKnown ? 'tree-sums' : 'tree-sums is-unknown'} aria-busy={!isKnown}>
      <div>
        <b>{count(sums.sessions)}</b>
        <span>{sums.running > 0 ? `sessions, ${count(sums.running)} running` : 'sessions'}</span>
      </div>
      <div>
        <b>{count(sums.messages)}</b>
        <span>messages</span>
      </div>
      <div>
        <b>{shortCount(sums.tokens)}</b>
        <span>{cached > 0 ? `tokens, ${cached}% cached` : 'tokens'}</span>
      </div>
      <div>
        <b>{cost(sums.costUsd)}</b>
        <span>cost, whole subtree</span>
      </div>
      {spent > 0 && (
        <div
          class="meter"
          role="img"
          aria-label={`By model: ${shares.map(({ model, percent }) => `${model} ${Math.round(percent)}%`).join(', ')}`}
          title={shares.map(({ model, percent }) => `${model} ${Math.round(percent)}%`).join(', ')}
        >
          {shares.map(({ model, percent }, n) => (
            <i
              key={model}
              style={{ width: `${percent}%`, background: COLOURS[Math.min(n, COLOURS.length - 1)] }}
            />
          ))}
        </div>
      )}
    </div>
  );
}

/** By cost. Read again when the cost of the tree has changed. */
function useModels(tree: OpenTree, costUsd: number | null): Models {
  const [models, setModels] = useState<Models>([]);
  useEffect(() => {
    if (costUsd === null) return;
    const abort = new AbortController();
    const read = async () => {
      const { session } = await ask(ModelsBeneathDocument, { id: tree.id }, abort.signal);
      if (session) setModels(session.rollup.byModel);
    };
    // Without the bar, the sums are still there.
    read().catch(() => {});
    return () => abort.abort();
  }, [tree, costUsd]);
  return models;
}
