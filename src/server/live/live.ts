import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  GraphQLError,
  getOperationAST,
  validateSubscriptionArgs,
} from 'graphql';
import { execute } from '../../execution/execute.ts';
import { prepareSubscription } from '../../execution/subscribe.ts';
import type { SessionRepository } from '../../repository/repository.ts';
import { scopedTo } from '../../repository/scoped/scoped-repository.ts';
import { Budget } from '../../schema/budget.ts';
import { createContext, type SchemaContext } from '../../schema/context.ts';
import { changesCursor } from '../../schema/cursor.ts';
import { readChanges } from '../../schema/live/changes.ts';
import type { Admission } from '../admission/admission.ts';
import { hasEnded, isRefusal } from '../auth/authenticate.ts';
import type { Refusal } from '../refusal.ts';
import type { ServerSettings } from '../settings.ts';
import { afterVariableOf } from './after-variable.ts';
import { EventMaker, type Subscribed } from './event-maker.ts';
import { Feed } from './feed.ts';
import { Feeds } from './feeds.ts';
import { HeldOperations } from './held-operations.ts';
import { GATHER_MS } from './intervals.ts';
import type { Outlet } from './outlet.ts';
import { sendPulled } from './pulled-events.ts';
import { TOO_MANY_SUBSCRIPTIONS } from './refusals.ts';
import { type ConnectionCounter, StreamConnections } from './stream-connections.ts';
import { Subscriber } from './subscriber.ts';

/** Microseconds for each subscriber with events of its own: each of them is executed. */
const GATHER_US_PER_PULLED = 150;

/** A subscription that may begin. */
export interface AdmittedSubscription extends Subscribed {
  readonly document: DocumentNode;
  /** The variables as JSON, without the cursor. */
  readonly variables: string;
  /** Of `sessionChanges`: what it watches, and from where. */
  readonly changes: { readonly within: string | null; readonly after: string } | null;
  /** Of other fields: the events. */
  readonly events: AsyncIterator<object> | null;
}

export interface LiveOptions {
  /** How many connections may be open for subscriptions. Default: the limit `subscriptions`. */
  readonly connections?: number;
  readonly counter?: ConnectionCounter;
}

/** All subscriptions of a server. */
export class Live {
  readonly connections: StreamConnections;
  readonly #maker: EventMaker;
  readonly #settings: ServerSettings;
  readonly #feeds: Feeds;
  readonly #held = new HeldOperations();
  #numbers = new WeakMap<DocumentNode, number>();
  #lastNumber = 0;
  #subscriptions = 0;
  #pulled = 0;

  constructor(settings: ServerSettings, admission: Admission, { connections, counter }: LiveOptions = {}) {
    const { limits, authenticate, isRevoked } = settings;
    this.#settings = settings;
    this.#maker = new EventMaker(settings, admission);
    this.#feeds = new Feeds(settings.repository, this.#maker);
    this.connections = new StreamConnections({
      connections: Math.min(limits.subscriptions, connections ?? Number.POSITIVE_INFINITY),
      writeMs: limits.writeMs,
      isScarce: () => admission.answers.isScarce,
      drops: admission.drops,
      counter: counter ?? null,
      mayStay: authenticate && ((caller) => !hasEnded(caller, isRevoked)),
    });
  }

  /** How many subscriptions there are. */
  get subscriptions(): number {
    return this.#subscriptions;
  }

  /** How long the subscription to changes that is furthest behind has lacked something, in milliseconds; 0 if all are up to date. */
  get lagMs(): number {
    return this.#feeds.lagMs;
  }

  get isFull(): boolean {
    return this.#subscriptions >= this.#settings.limits.subscriptions;
  }

  /**
   * Checks a validated subscription; nothing is subscribed to yet. `lastEventId` is the cursor that an EventSource sends when it comes
   * back: it takes the place of `after`.
   */
  async admit(
    args: ExecutionArgs,
    lastEventId?: string | null,
  ): Promise<AdmittedSubscription | { readonly errors: readonly GraphQLError[] }> {
    const prepared = prepareSubscription(args);
    if (prepared.errors) return { errors: prepared.errors };
    const { schema, document, operationName, variableValues } = args;
    const { caller, repository } = args.contextValue as SchemaContext;
    const operation = getOperationAST(document, operationName)!;
    const { [afterVariableOf(document) ?? '']: _, ...variables } = variableValues ?? {};
    const admitted = {
      field: prepared.field,
      responseKey: prepared.responseKey,
      fieldArguments: prepared.fieldArguments,
      // Without the context of the request, which is over when the events come.
      execute: (rootValue: unknown, contextValue: SchemaContext) =>
        execute({ schema, document, operationName, variableValues, rootValue, contextValue }),
      document,
      operation,
      caller,
      variables: JSON.stringify(variables),
    };
    try {
      if (prepared.field === 'sessionChanges') {
        const changes = await this.#checkChanges(repository, prepared.fieldArguments, lastEventId || null);
        return { ...admitted, changes, events: null };
      }
      // The source keeps its context for as long as it lasts: that of the request would keep the request.
      const contextValue = createContext({ ...this.#settings, caller });
      const validated = validateSubscriptionArgs({ ...args, contextValue });
      if (!('schema' in validated)) return { errors: validated };
      const events = await createSourceEventStream(validated);
      if (!(Symbol.asyncIterator in events)) return { errors: events.errors ?? [] };
      return { ...admitted, changes: null, events: events[Symbol.asyncIterator]() as AsyncIterator<object> };
    } catch (error) {
      if (error instanceof GraphQLError) return { errors: [error] };
      throw error;
    }
  }

  /** Throws BAD_USER_INPUT for a cursor that is none, and if `within` never was a session. */
  async #checkChanges(
    repository: SessionRepository,
    { within, after }: { readonly within?: string | null; readonly after?: string | null },
    lastEventId: string | null,
  ): Promise<AdmittedSubscription['changes']> {
    const { limits } = this.#settings;
    const cursors = changesCursor(repository);
    if (lastEventId !== null) cursors.decode(lastEventId, 'Last-Event-ID');
    // Before the client is answered: to the client, the changes from now on are those after the answer.
    const now = async () => cursors.encode(await new Budget(limits).read(() => repository.mark()));
    const changes = { within: within ?? null, after: lastEventId ?? after ?? (await now()) };
    // A session that is deleted has an end of its own.
    if (changes.within !== null && !(await repository.findMany([changes.within]))[0])
      await readChanges({ repository, limits, within: changes.within }, { after: changes.after, limit: 1 });
    return changes;
  }

  /** Begins a subscription, or says why there is no room for it. `end` ends it: its client has gone. */
  open(admitted: AdmittedSubscription, outlet: Outlet): { readonly end: () => void } | Refusal {
    const {
      document,
      variables: { length },
    } = admitted;
    const release = this.#settings.callers?.subscribe(admitted.caller) ?? NOTHING;
    if (isRefusal(release)) return release;
    if (this.isFull || !this.#held.take(document, length)) {
      release();
      return TOO_MANY_SUBSCRIPTIONS;
    }
    this.#subscriptions += 1;
    const end = admitted.changes
      ? this.#watch(admitted, admitted.changes, outlet)
      : this.#pull(admitted, admitted.events!, outlet);
    let isOpen = true;
    return {
      end: () => {
        if (!isOpen) return;
        isOpen = false;
        this.#subscriptions -= 1;
        this.#held.give(document, length);
        release();
        end();
      },
    };
  }

  #watch(
    admitted: AdmittedSubscription,
    { within, after }: NonNullable<AdmittedSubscription['changes']>,
    outlet: Outlet,
  ): () => void {
    const { limits } = this.#settings;
    const repository = scopedTo(this.#settings.repository, admitted.caller);
    const key = this.#keyOf(admitted, within);
    const feeds = this.#feeds;
    const feed = feeds.getOrAdd(key, () => new Feed(key, feeds, admitted, { repository, limits, within }));
    const subscriber = new Subscriber(outlet, after);
    feed.add(subscriber);
    feeds.schedule(feed);
    return () => {
      feed.delete(subscriber);
      if (feed.size === 0) feeds.delete(feed);
    };
  }

  /** Subscriptions with the same key see the same. */
  #keyOf({ document, operation, variables, caller }: AdmittedSubscription, within: string | null): string {
    let number = this.#numbers.get(document);
    if (number === undefined) {
      this.#lastNumber += 1;
      number = this.#lastNumber;
      this.#numbers.set(document, number);
    }
    const { userId, scope, subtreeId } = caller;
    return JSON.stringify([number, operation.loc?.start, within, variables, userId, scope, subtreeId]);
  }

  #pull(admitted: AdmittedSubscription, events: AsyncIterator<object>, outlet: Outlet): () => void {
    this.#pulled += 1;
    let isOver = false;
    const pauseMs = () => Math.max(GATHER_MS, (GATHER_US_PER_PULLED * this.#pulled) / 1_000);
    void sendPulled(events, {
      maker: this.#maker,
      subscribed: admitted,
      outlet,
      isOver: () => isOver,
      pauseMs,
    });
    return () => {
      isOver = true;
      this.#pulled -= 1;
      void events.return?.();
    };
  }
}

const NOTHING = () => {};
