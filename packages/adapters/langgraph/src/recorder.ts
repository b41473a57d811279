import type { CallbackHandlerMethods, HandleLLMNewTokenCallbackFields } from '@langchain/core/callbacks/base';
import type { BaseMessage } from '@langchain/core/messages';
import type { LLMResult } from '@langchain/core/outputs';
import type { Sessiontree } from '@sessiontree/client';
import { DraftRecorder } from './draft-recorder.ts';
import { isMessage, messagesOf } from './message-input.ts';
import { questionOf, questionsOf, statusAfter } from './outcome.ts';
import { type Metadata, outermost, type Run, sessionAround } from './run.ts';
import { Trees } from './trees.ts';

/** Options of a recorder. */
export interface RecorderOptions {
  /** Gets what could not be recorded, and why. The graph does not get these errors. */
  readonly onError: (error: unknown) => void;
  /** What the keys of sessions begin with. Default: `langgraph:`, so that the thread `7` has the key `langgraph:7`. */
  readonly keyPrefix?: string;
  /** The user of the recorded trees. Default: nobody. */
  readonly userId?: string | null;
  /** How long messages wait for others that are written with them, in milliseconds. Default: 50. */
  readonly delayMs?: number;
  /** True: what a model streams is a draft of its message, which clients can watch. Default: false. */
  readonly drafts?: boolean;
}

/** LangGraph's handlers of interrupts have this symbol: a class of LangGraph's is not needed at run time. */
const GRAPH_HANDLER: unique symbol = Symbol.for('langgraph.graph_callback_handler') as never;
/** Runs that are known at once. A stream that is given up has no end. */
const RUNS_MAX = 10_000;

/**
 * Records the messages of LangGraph's graphs, and of chains and models without a graph, as sessions. Pass it in `callbacks`. A thread is a root
 * session; a subgraph, or an agent in a tool, is a child. One recorder can be used for many graphs and threads at once.
 *
 * Its methods return at once, and throw nothing: messages are written in the background. `flush` waits for that.
 *
 * @example
 * const recorder = new SessiontreeRecorder(new Sessiontree('http://localhost:4000/graphql'), { onError: console.error });
 * await graph.invoke(input, { configurable: { thread_id: '7' }, callbacks: [recorder] });
 * await recorder.flush();
 */
export class SessiontreeRecorder implements CallbackHandlerMethods {
  /** LangChain takes an object with a name itself as the handler, and copies the properties of others. */
  readonly name = 'SessiontreeRecorder';
  /** The methods take less time than a place in LangChain's queue, where `flush` would not find what they are told. */
  readonly awaitHandlers = true;
  readonly [GRAPH_HANDLER] = true;
  readonly #onError: (error: unknown) => void;
  readonly #runs = new Map<string, Run>();
  readonly #trees: Trees;
  readonly #drafts: DraftRecorder | null;

  constructor(client: Sessiontree, options: RecorderOptions) {
    const { onError, keyPrefix = 'langgraph:', userId = null, delayMs = 50, drafts = false } = options;
    this.#onError = onError;
    this.#trees = new Trees({ client, ownerId: userId, delayMs, onError }, keyPrefix);
    this.#drafts = drafts ? new DraftRecorder(client, onError) : null;
  }

  /** Resolves once all that was recorded is written, or has failed and was reported to `onError`. Never rejects. */
  async flush(): Promise<void> {
    await this.#trees.flush();
    await this.#drafts?.flush();
  }

  // LangChain's managers pass the parent as the fourth argument, and the name as the eighth; its types have them the other way round.
  handleChainStart(
    _chain: unknown,
    inputs: unknown,
    runId: string,
    parentRunId?: string,
    tags?: string[],
    metadata?: Metadata,
    _runType?: string,
    name?: string,
  ): void {
    this.#guard(() => {
      const { parent, metadata: of } = this.#begin(runId, parentRunId, metadata, name);
      if (!parent || !tags?.some((tag) => tag.startsWith('graph:step:'))) return;
      const session = this.#trees.ofGraph(parent, of);
      // What a graph is given has no ids: the messages get them before the first node.
      if (of.langgraph_node !== '__start__') session.recordState(messagesOf(inputs));
    });
  }

  handleChainEnd(outputs: unknown, runId: string): void {
    this.#guard(() => {
      const { session, question = null } = this.#end(runId) ?? {};
      if (session?.origin.isOfGraph) session.recordState(messagesOf(outputs));
      // A graph that stops before a node, or after one, asks nothing.
      session?.setStatus(question === null ? 'COMPLETED' : 'WAITING', question || null);
    });
  }

  handleChainError(error: unknown, runId: string): void {
    this.#fail(error, runId);
  }

  /** LangGraph calls this before the end of a graph that waits for a person, also where no node has asked. */
  handleInterrupt(event: { runId?: string; interrupts: readonly { value?: unknown }[] }): void {
    this.#guard(() => {
      const run = this.#runs.get(event.runId ?? '');
      if (run) run.question ||= questionsOf(event.interrupts);
    });
  }

  handleChatModelStart(
    _model: unknown,
    messages: BaseMessage[][],
    runId: string,
    parentRunId?: string,
    _params?: unknown,
    _tags?: string[],
    metadata?: Metadata,
    name?: string,
  ): void {
    this.#guard(() => {
      const run = this.#begin(runId, parentRunId, metadata, name);
      const session = sessionAround(run) ?? this.#trees.ofOutermost(run);
      session.recordPrompt(messages.flat(), outermost(run).id);
    });
  }

  handleLLMNewToken(
    token: string,
    _index: unknown,
    runId: string,
    _parentRunId?: string,
    _tags?: string[],
    fields?: HandleLLMNewTokenCallbackFields,
  ): void {
    if (!this.#drafts) return;
    this.#guard(() => {
      const session = sessionAround(this.#runs.get(runId) ?? null);
      const { chunk } = fields ?? {};
      const id = chunk && 'message' in chunk ? chunk.message.id : undefined;
      if (session) this.#drafts!.write(session, runId, id ?? `run-${runId}`, token);
    });
  }

  handleLLMEnd(output: LLMResult, runId: string): void {
    this.#guard(() => {
      const run = this.#end(runId);
      const answers = output.generations
        .flat()
        .map((generation) => (generation as { message?: unknown }).message);
      sessionAround(run ?? null)?.recordAnswers(answers.filter(isMessage));
      this.#drafts?.end(runId);
      run?.session?.setStatus('COMPLETED');
    });
  }

  handleLLMError(error: unknown, runId: string): void {
    this.#drafts?.end(runId);
    this.#fail(error, runId);
  }

  handleToolStart(
    _tool: unknown,
    _input: string,
    runId: string,
    parentRunId?: string,
    _tags?: string[],
    metadata?: Metadata,
    name?: string,
    toolCallId?: string,
  ): void {
    this.#guard(() => this.#begin(runId, parentRunId, metadata, name, toolCallId));
  }

  handleToolEnd(_output: unknown, runId: string): void {
    this.#end(runId);
  }

  handleToolError(error: unknown, runId: string): void {
    this.#fail(error, runId);
  }

  /** A fault of the recorder is none of the graph. */
  #guard(step: () => unknown): void {
    try {
      step();
    } catch (error) {
      this.#onError(error);
    }
  }

  #begin(id: string, parentId?: string, metadata: Metadata = {}, name?: string, toolCallId?: string): Run {
    const parent = this.#runs.get(parentId ?? '') ?? null;
    const run: Run = { id, parent, name, metadata, toolCallId, session: null, question: null };
    this.#runs.set(id, run);
    if (this.#runs.size > RUNS_MAX) this.#giveUp(this.#runs.keys().next().value!);
    return run;
  }

  /** Ends a run of which no end was reported. */
  #giveUp(id: string): void {
    const { session } = this.#end(id) ?? {};
    this.#drafts?.end(id);
    // A later run of the thread may last.
    if (session?.isRunning && ![...this.#runs.values()].some((run) => run.session === session))
      session.setStatus('CANCELLED');
  }

  #end(id: string): Run | undefined {
    const run = this.#runs.get(id);
    this.#runs.delete(id);
    return run;
  }

  #fail(error: unknown, runId: string): void {
    this.#guard(() => {
      const run = this.#end(runId);
      const question = questionOf(error);
      // The graph around a node that asks ends without an error.
      if (question !== null && run?.parent) run.parent.question = question;
      const { status, statusMessage } = statusAfter(error);
      run?.session?.setStatus(status, statusMessage);
      // Of a graph whose stream is left while chunks wait in it, LangGraph reports the end of the nodes only.
      const graph = run?.session ? null : run?.parent?.session;
      if (status === 'CANCELLED' && graph?.origin.isOfGraph && graph.isRunning) graph.setStatus(status);
    });
  }
}
