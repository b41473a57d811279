import { cut } from './message-input.ts';
import { type Origin, RecordedSession } from './recorded-session.ts';
import {
  graphNamespaceOf,
  type Metadata,
  outermost,
  type Run,
  runsAround,
  sessionAround,
  threadOf,
} from './run.ts';
import { TreeWriter, type WriterOptions } from './tree-writer.ts';

/** Threads whose messages are remembered between runs. What others have recorded is looked up. */
const TREES_MAX = 200;
/** Milliseconds without a message after which a run, beyond `TREES_MAX`, counts as given up: nobody says that a stream is not read to its end. */
const ABANDONED_AFTER_MS = 10 * 60_000;
/** The name of a graph that was given none. */
const UNNAMED = 'LangGraph';

/** The sessions of all threads. */
export class Trees {
  readonly #options: WriterOptions;
  readonly #keyPrefix: string;
  /** By the key of the root, those that were used last at the end. */
  readonly #trees = new Map<string, TreeWriter>();

  constructor(options: WriterOptions, keyPrefix: string) {
    this.#options = options;
    this.#keyPrefix = keyPrefix;
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#trees.values()].map((tree) => tree.flush()));
  }

  /** The session of a graph's run. `metadata` is that of a node: only nodes know the namespace of their graph. */
  ofGraph(graph: Run, metadata: Metadata): RecordedSession {
    if (graph.session) return graph.session;
    const parent = sessionAround(graph);
    const thread = threadOf(metadata);
    const namespace = graphNamespaceOf(metadata);
    let key = `${this.#keyPrefix}${thread}${namespace && `|${namespace}`}`;
    if (thread === null) key = parent ? `${parent.origin.key}|${graph.id}` : this.#keyOfRun(graph);
    const name = graph.name === UNNAMED ? undefined : graph.name;
    const call = runsAround(graph).find(({ toolCallId, session }) => toolCallId || session)?.toolCallId;
    return this.#open(graph, {
      key,
      parent,
      isOfGraph: true,
      ...(name && { agentName: cut(name) }),
      ...(parent && { title: name ?? graph.parent?.name ?? null }),
      ...(call && parent && { spawnedBy: { toolCallId: cut(call) } }),
    });
  }

  /** The session of a run that belongs to no graph: that of the outermost chain or model. */
  ofOutermost(run: Run): RecordedSession {
    const outer = outermost(run);
    const thread = threadOf(outer.metadata);
    const key = thread === null ? this.#keyOfRun(outer) : `${this.#keyPrefix}${thread}`;
    return this.#open(outer, { key, parent: null, isOfGraph: false });
  }

  #keyOfRun({ id }: Run): string {
    return `${this.#keyPrefix}run:${id}`;
  }

  #open(run: Run, origin: Origin): RecordedSession {
    const { parent, key } = origin;
    const tree = parent ? (parent.tree as TreeWriter) : this.#treeOf(key);
    const session = tree.sessions.get(key) ?? new RecordedSession(origin, tree);
    tree.sessions.set(key, session);
    run.session = session;
    session.setStatus('RUNNING');
    return session;
  }

  #treeOf(key: string): TreeWriter {
    const tree = this.#trees.get(key) ?? new TreeWriter(this.#options);
    this.#trees.delete(key);
    for (const [old, each] of this.#trees) {
      if (this.#trees.size < TREES_MAX) break;
      if (each.isIdle) this.#trees.delete(old);
      // Forgotten once that is written.
      else if (each.touchedAt < Date.now() - ABANDONED_AFTER_MS) each.cancel();
    }
    this.#trees.set(key, tree);
    return tree;
  }
}
