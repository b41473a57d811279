import { operationOf } from '../../../src/model/operation.ts';
import { SESSIONS_AT_ONCE_MAX } from '../../../src/repository/files/write/tree-log.ts';
import type { Model } from '../../repository/properties/model.ts';
import type { ModelSession } from '../../repository/properties/model-session.ts';
import type { Random } from '../random.ts';
import type { Target } from '../workload.ts';
import type { TreeClient } from './tree-client.ts';
import type { TreeMutation } from './tree-mutation.ts';

/** More children than the store changes in one step, so that a REPARENT takes several steps, too. */
const CHILDREN = SESSIONS_AT_ONCE_MAX + 50;
const GRANDCHILDREN = 50;

type Creation = Extract<TreeMutation, { readonly kind: 'create' }>;

/**
 * A tree that is so large that the store changes its index in steps, and the mutations of it as a whole: a root, one session
 * beneath it, and the many children of that session.
 */
export class LargeTree {
  readonly #random: Random;
  readonly #prefix: string;
  #made = 0;

  /** All generated names begin with `prefix`. */
  constructor(random: Random, prefix: string) {
    this.#random = random;
    this.#prefix = prefix;
  }

  /** Creates the tree, if `client` has none. The store must not crash meanwhile. */
  async create(client: TreeClient, store: Target): Promise<void> {
    if (widestOf(client.model)) return;
    const [root, parent] = [this.#creation(null), this.#creation(null)];
    const beneath = { ...parent, input: { ...parent.input, parentId: root.input.id } };
    const children = Array.from({ length: CHILDREN }, () => this.#creation(beneath.input.id));
    const grandchildren = Array.from({ length: GRANDCHILDREN }, () =>
      this.#creation(this.#random.pick(children).input.id),
    );
    for (const level of [[root], [beneath], children, grandchildren]) await client.createAll(store, level);
  }

  /** A mutation of the whole tree; null once the tree is deleted. */
  next(model: Model): TreeMutation | null {
    const session = widestOf(model);
    if (!session) return null;
    const { kind, input } = this.#random.pick(mutationsOf(session, model));
    const operation = this.#random.oneIn(2)
      ? { operation: operationOf(`op-${this.#token()}`, kind, input) }
      : {};
    return { kind, input, ...operation } as TreeMutation;
  }

  #creation(parentId: string | null): Creation {
    const id = this.#token();
    return { kind: 'create', input: { id, parentId, messages: [{ role: 'USER', content: id }] } };
  }

  #token(): string {
    this.#made += 1;
    return `${this.#prefix}.${this.#made}`;
  }
}

/** The session with the many children. */
function widestOf(model: Model): ModelSession | undefined {
  const sessions = [...model.sessions.values()];
  const children = Map.groupBy(sessions, ({ parentId }) => parentId);
  return sessions.find(({ id }) => (children.get(id)?.length ?? 0) > SESSIONS_AT_ONCE_MAX);
}

function mutationsOf({ id, parentId, archived }: ModelSession, model: Model): TreeMutation[] {
  const mutations: TreeMutation[] = [
    { kind: 'delete', input: { sessionId: id, mode: 'CASCADE' } },
    { kind: 'archive', input: { sessionId: id, archived: !archived, subtree: true } },
  ];
  if (parentId !== null) {
    mutations.push({ kind: 'delete', input: { sessionId: id, mode: 'REPARENT' } });
    mutations.push({ kind: 'move', input: { sessionId: id, parentId: null } });
    return mutations;
  }
  const root = [...model.sessions.values()].find((other) => other.parentId === null && other.id !== id);
  if (root) mutations.push({ kind: 'move', input: { sessionId: id, parentId: root.id } });
  return mutations;
}
