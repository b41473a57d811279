import type { RecordedSession } from './recorded-session.ts';

export type Metadata = Readonly<Record<string, unknown>>;

/** What is known of a run of LangChain while it lasts. */
export interface Run {
  readonly id: string;
  readonly parent: Run | null;
  readonly name: string | undefined;
  readonly metadata: Metadata;
  /** The call that a tool's run answers. */
  readonly toolCallId: string | undefined;
  /** The session, if the run is that of a graph, or of a chain or a model without a graph. */
  session: RecordedSession | null;
  /** What a person is asked, once the run was interrupted. */
  question: string | null;
}

/** The run and those around it, from the inside out. */
export function runsAround(run: Run | null): Run[] {
  const runs: Run[] = [];
  for (let each = run; each; each = each.parent) runs.push(each);
  return runs;
}

/** The session that a run belongs to; null if there is none yet. */
export function sessionAround(run: Run | null): RecordedSession | null {
  return runsAround(run).find(({ session }) => session)?.session ?? null;
}

/** The outermost run. */
export function outermost(run: Run): Run {
  return run.parent ? outermost(run.parent) : run;
}

/** The thread of a run; null if it has none. */
export function threadOf({ thread_id: id }: Metadata): string | null {
  return typeof id === 'string' || typeof id === 'number' ? String(id) : null;
}

/** The namespace of the graph of a node: that of the node, without its last part. Empty for the outermost graph of a thread. */
export function graphNamespaceOf({ langgraph_checkpoint_ns, checkpoint_ns }: Metadata): string {
  const namespace = langgraph_checkpoint_ns ?? checkpoint_ns;
  return typeof namespace === 'string' ? namespace.split('|').slice(0, -1).join('|') : '';
}
