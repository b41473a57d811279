import type { GraphQLResolveInfo } from 'graphql';
import type { Message as MessageModel, MessageRole as MessageRoleModel } from '../model/message.ts';
import type { Session as SessionModel } from '../model/session.ts';
import type { HistoryPage, HistoryRequest } from '../repository/reads.ts';
import { argumentRules } from './argument-rules.ts';
import type { Budget } from './budget.ts';
import { builder } from './builder.ts';
import { Connection, type ConnectionSource, Edge } from './connection.ts';
import { appearMessages, type SchemaContext } from './context.ts';
import { checkKind, historyCursor } from './cursor.ts';
import {
  checkPlace,
  goesOnBeyond,
  historyPlace,
  type PlaceArguments,
  placeArguments,
} from './history-place.ts';
import { selectedOfMessages } from './look-ahead.ts';
import { andThen, type MaybePromise } from './maybe-promise.ts';
import { MessageConnection, MessageRole, uniqueRoles } from './message.ts';
import { type PageArguments, pageArguments, pageRequest, pageRules } from './page.ts';
import { Session } from './session.ts';
import type { Turns } from './turns.ts';

/** The edge of a message that appears in the answer, with its cursor in the history of its session. */
export function messageEdge({ repository }: SchemaContext, message: MessageModel): Edge<MessageModel> {
  const cursors = historyCursor(repository, message.sessionId);
  return new Edge({ cursorOf: ({ ordinal }) => cursors.encode(ordinal) }, message);
}

interface HistoryArguments extends PageArguments, PlaceArguments {
  readonly roles?: readonly MessageRoleModel[] | null | undefined;
  readonly createdAfter?: Date | null | undefined;
  readonly createdBefore?: Date | null | undefined;
}

/** A page of the history of `session`. A class: answers show thousands of histories, and a literal would make nine functions for each. */
class HistorySource implements ConnectionSource<MessageModel, HistoryPage> {
  readonly budget: Budget;
  readonly turns: Turns;
  readonly request: HistoryRequest['page'];
  readonly expected: number;
  readonly #context: SchemaContext;
  readonly #session: SessionModel;
  readonly #historyRequest: HistoryRequest;
  /** True if all messages of the history are on its pages. */
  readonly #isWhole: boolean;

  constructor(
    session: SessionModel,
    args: HistoryArguments,
    context: SchemaContext,
    info: GraphQLResolveInfo,
  ) {
    const { budget, turns, limits, repository } = context;
    const { roles, createdAfter, createdBefore } = args;
    const { id: sessionId, historyLength, damage } = session;
    const place = historyPlace(args, sessionId);
    const cursors = () => historyCursor(repository, sessionId);
    const page = pageRequest(args, { limit: 'pageSize', limits, cursors });
    this.budget = budget;
    this.turns = turns;
    this.request = page;
    this.#context = context;
    this.#session = session;
    this.#historyRequest = {
      sessionId,
      roles: roles && uniqueRoles(roles),
      createdAfter,
      createdBefore,
      page,
      place,
      shown: selectedOfMessages(info, 'MessageConnection').shown,
    };
    this.#isWhole = roles == null && createdAfter == null && createdBefore == null && damage.length === 0;
    const isAtAnEnd = page.after === undefined && page.before === undefined && !place;
    this.expected = this.#isWhole && isAtAnEnd ? Math.min(page.limit, historyLength) : 0;
  }

  load(): Promise<HistoryPage> {
    return this.#context.loaders.history.load(this.#historyRequest);
  }

  admit({ items, textBytes }: HistoryPage): MaybePromise<void> {
    // `textBytes` covers all fields of this answer that show the page.
    return andThen(this.turns.take(items.length), () => this.budget.chargeText(textBytes));
  }

  goesOnBeyond(messages: readonly MessageModel[]): boolean | undefined {
    const { place, page } = this.#historyRequest;
    return place && goesOnBeyond(place, page.from, messages, this.#session.historyLength);
  }

  appear(messages: readonly MessageModel[]): void {
    appearMessages(this.#context, this.#session, messages, null);
  }

  count(): MaybePromise<number> {
    if (this.#isWhole) return this.#session.historyLength;
    const { sessionId, roles, createdAfter, createdBefore } = this.#historyRequest;
    return this.#context.loaders.historyCount.load({ sessionId, roles, createdAfter, createdBefore });
  }

  cursorOf({ ordinal }: MessageModel): string {
    return historyCursor(this.#context.repository, this.#session.id).encode(ordinal);
  }
}

builder.objectField(Session, 'history', (t) =>
  t.field({
    description:
      'The messages, oldest first. A page ends early, which `pageInfo` tells, where its texts use up what the answer has left of ' +
      '`textBytes`; of several histories, each takes what the earlier ones have left. If not even one message fits, the request is refused.',
    type: MessageConnection,
    args: {
      ...pageArguments('pageSize'),
      roles: t.arg({
        description: 'Only messages of these roles. Default: all roles.',
        type: [MessageRole],
      }),
      ...placeArguments,
      createdAfter: t.arg({ description: 'Only messages created at this time or after.', type: 'DateTime' }),
      createdBefore: t.arg({ description: 'Only messages created before this time.', type: 'DateTime' }),
    },
    extensions: argumentRules(checkPlace, ...pageRules('pageSize', checkKind('history'))),
    resolve: (session, args, context, info) =>
      new Connection(new HistorySource(session, args, context, info)),
  }),
);
