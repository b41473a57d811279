import type { GraphQLError, OperationDefinitionNode } from 'graphql';
import { executeEvent, type Subscription } from '../../execution/subscribe.ts';
import { accountOf, type Caller } from '../../model/caller.ts';
import { createContext } from '../../schema/context.ts';
import type { Admission } from '../admission/admission.ts';
import { AnsweredOperation } from '../admission/recipient.ts';
import { Ticket } from '../admission/ticket.ts';
import { uncounted } from '../callers/meter.ts';
import { maskResult, type Result } from '../mask-result.ts';
import { createFacts, noteExecution } from '../request-facts.ts';
import type { ServerSettings } from '../settings.ts';
import { writeAnswer } from '../write-answer.ts';
import { LiveEvent } from './live-event.ts';
import { Slots } from './slots.ts';

/** The share of `operations` that subscriptions use at most. */
const SHARE_OF_OPERATIONS = 1 / 4;

/** A subscription whose variables and arguments are valid, and its operation for the log. */
export interface Subscribed extends Subscription {
  readonly operation: OperationDefinitionNode;
  readonly caller: Caller;
}

/** What was made of an event. */
export interface Made<Event> {
  /** The event, or the part of it that the answer contains. */
  readonly event: Event;
  /** To be sealed once it is written. */
  readonly answer: LiveEvent;
  /** True if the answer has no data: the client would miss the event if the subscription went on. */
  readonly isFatal: boolean;
}

interface Executed<Event> {
  readonly event: Event;
  readonly json: Buffer;
}

/** The end of an answer without data. One with data ends with the braces of two objects. */
const NO_DATA = Buffer.from('"data":null}');

/** Makes the answers for the events of subscriptions, within what all requests use together. */
export class EventMaker {
  readonly #settings: ServerSettings;
  readonly #admission: Admission;
  /** Of the reads and the executions for events. */
  readonly slots: Slots;
  /** Of second attempts: two large answers that are made at once could refuse each other the room again and again. */
  readonly #alone = new Slots(1);

  constructor(settings: ServerSettings, admission: Admission) {
    this.#settings = settings;
    this.#admission = admission;
    this.slots = new Slots(Math.max(1, Math.floor(settings.limits.operations * SHARE_OF_OPERATIONS)));
  }

  /** The answer for an event, or for as much of it as the budget of a request allows; null if there is no room for it now. */
  async make<Event extends object>(
    subscription: Subscribed,
    event: Event,
    idOf: (event: Event) => string | null,
  ): Promise<Made<Event> | null> {
    const attempt = () => this.#attempt(subscription, event, idOf);
    return (await attempt()) ?? this.#alone.run(accountOf(subscription.caller), attempt);
  }

  async #attempt<Event extends object>(
    subscription: Subscribed,
    event: Event,
    idOf: (event: Event) => string | null,
  ): Promise<Made<Event> | null> {
    const recipient = new AnsweredOperation();
    const ticket = new Ticket(this.#admission, recipient, uncounted(subscription.caller));
    let executed: Executed<Event> | null = null;
    try {
      executed = await this.#execute(subscription, event, ticket);
    } finally {
      if (!executed) recipient.close();
      ticket.finish();
    }
    if (!executed) return null;
    const { json } = executed;
    const isFatal = json.subarray(-NO_DATA.length).equals(NO_DATA);
    const answer = new LiveEvent(json, idOf(executed.event), () => recipient.close());
    return { event: executed.event, answer, isFatal };
  }

  async #execute<Event extends object>(
    subscription: Subscribed,
    given: Event,
    ticket: Ticket,
  ): Promise<Executed<Event> | null> {
    const { repository, limits, logger } = this.#settings;
    if (!(await ticket.begin(0))) return null;
    const { operation, caller } = subscription;
    const facts = createFacts(null);
    const contextOf = () => {
      const context = createContext({ repository, caller, limits, hold: ticket.charge });
      noteExecution(facts, operation, context);
      return context;
    };
    const { event, result } = await ticket.during(() => executeEvent(subscription, given, contextOf));
    if (result.errors?.some(isOverloaded)) return null;
    const written = await writeAnswer(maskResult(result, facts, logger), facts, limits.answerBytes, logger);
    const json = typeof written === 'string' ? Buffer.from(written) : Buffer.concat(written);
    return ticket.settle(json.length) ? { event, json } : null;
  }

  /** The event for an error for which no answer could be made. */
  failed(error: GraphQLError): LiveEvent {
    const result: Result = maskResult<Result>(
      { errors: [error], data: null },
      createFacts(null),
      this.#settings.logger,
    );
    return new LiveEvent(Buffer.from(JSON.stringify(result)), null);
  }
}

function isOverloaded({ extensions }: GraphQLError): boolean {
  return extensions.code === 'OVERLOADED';
}
