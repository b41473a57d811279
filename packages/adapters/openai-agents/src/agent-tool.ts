import type { Agent, AgentOutputType, RunContext, Session } from '@openai/agents';
import type { SessionOrder } from '@sessiontree/client';
import { isOutdated } from './requests.ts';
import type { SessiontreeSession } from './session.ts';

/** The session of the run that calls a tool: always the same one, or one by the context of the run; undefined for none. */
export type ParentSession<TContext> =
  | SessiontreeSession
  | ((runContext: RunContext<TContext>) => SessiontreeSession | undefined);

/** The part of `runOptions` of `asTool` that keeps a run. */
export interface ChildRunOptions {
  readonly session?: Session;
}

/** What the SDK's `asTool` returns, as far as it matters here. */
interface AgentToolLike<TContext> {
  on(...handler: never[]): unknown;
  invoke(runContext: RunContext<TContext>, input: string, details?: CallDetails): Promise<unknown>;
}

interface CallDetails {
  readonly toolCall?: { readonly callId: string };
  readonly resumeState?: string;
}

const LATEST_FIRST: SessionOrder = { field: 'CREATED_AT', direction: 'DESC' };

/**
 * An agent as a tool of another one, whose runs have sessions of their own: each is a child of the session of the calling run, with the
 * agent's name, spawned by the tool call. The child is there when the run begins, which takes one request; two if the model used the id of
 * the call before. A run that waited for an approval goes on in its child.
 *
 * @param agent names the children.
 * @param session is the session of the calling run; without one, the runs of the tool are not kept.
 * @param asTool makes the tool; called for each run, and once for what the model is told of the tool.
 * @returns the tool of `asTool`. A call of the tool rejects with the errors of the client if its child cannot be created.
 *
 * @example
 * const research = agentTool(researcher, ({ context }) => context.session, (runOptions) =>
 *   researcher.asTool({ toolDescription: 'Looks things up.', runOptions }),
 * );
 * const planner = new Agent<{ session: SessiontreeSession }>({ name: 'planner', tools: [research] });
 * await run(planner, 'Plan a trip', { session, context: { session } });
 */
export function agentTool<TContext, TOutput extends AgentOutputType, Tool extends AgentToolLike<TContext>>(
  agent: Agent<TContext, TOutput>,
  session: ParentSession<TContext>,
  asTool: (runOptions: ChildRunOptions) => Tool,
): Tool {
  const tool = asTool({});
  const handlers: never[][] = [];
  const invoke: Tool['invoke'] = async (runContext, input, details) => {
    const parent = typeof session === 'function' ? session(runContext) : session;
    const run = asTool(parent ? { session: await childFor(agent.name, parent, details) } : {});
    for (const handler of handlers) run.on(...handler);
    return run.invoke(runContext, input, details);
  };
  const on: Tool['on'] = (...handler) => {
    handlers.push(handler);
    return tool;
  };
  // The SDK knows the agent of a tool by the identity of the object.
  return Object.assign(tool, { invoke, on });
}

/** The child of a call: a new one, or for a run that goes on the one that it began in. */
async function childFor(
  agentName: string,
  parent: SessiontreeSession,
  { toolCall, resumeState }: CallDetails = {},
): Promise<SessiontreeSession> {
  const toolCallId = toolCall?.callId;
  const callKey = `${parent.key}/${toolCallId ?? crypto.randomUUID()}`;
  const child = (key: string) => parent.child({ key, agentName, toolCallId });
  // Some models use the ids of calls again: further children of one have a suffix.
  if (resumeState !== undefined) {
    const filter = { keyPrefix: `${callKey}#`, userId: parent.ownerId };
    const sessions = parent.client.sessions.list({ filter, orderBy: LATEST_FIRST, pageSize: 1 });
    const [latest] = await sessions.toArray(1);
    return child(latest?.key ?? callKey);
  }
  const first = child(callKey);
  if (await tryOpen(first)) return first;
  const further = child(`${callKey}#${crypto.randomUUID()}`);
  await further.open();
  return further;
}

/** Creates the session. Resolves to false if it exists already. */
async function tryOpen(session: SessiontreeSession): Promise<boolean> {
  try {
    await session.open({ isNew: true });
    return true;
  } catch (error) {
    if (isOutdated(error)) return false;
    throw error;
  }
}
