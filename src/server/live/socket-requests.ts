import type { GraphQLError } from 'graphql';
import { execute } from '../../execution/execute.ts';
import { createContext } from '../../schema/context.ts';
import type { Admission } from '../admission/admission.ts';
import { ANSWER_OVERLOADED, OVERLOADED } from '../admission/overloaded.ts';
import { AnsweredOperation } from '../admission/recipient.ts';
import { Ticket } from '../admission/ticket.ts';
import { meterOf } from '../callers/meter.ts';
import { bugOf, maskResult } from '../mask-result.ts';
import { GRAPHQL_PATH } from '../paths.ts';
import type { Checks } from '../policies/checks.ts';
import { type Refusal, refusalError } from '../refusal.ts';
import { noteDeparture, noteExecution, type RequestFacts, traced } from '../request-facts.ts';
import { CLIENT_CLOSED_REQUEST, logRequest } from '../request-log.ts';
import type { ServerSettings } from '../settings.ts';
import { writeAnswer } from '../write-answer.ts';
import { SocketOperation, shownErrors } from './socket-operation.ts';
import { argsOf, SOCKET_METHOD, type SocketRequest, statusOf } from './socket-request.ts';

export type ExecuteOverSocket = (request: SocketRequest) => SocketOperation;

/** Creates the executor of queries and mutations over WebSocket: as the fast path executes those over HTTP. */
export function createSocketExecutor(
  settings: ServerSettings,
  admission: Admission,
  checks: Pick<Checks, 'execution'>,
): ExecuteOverSocket {
  const { repository, tokens, limits, logger, callers } = settings;

  const refused = (refusal: Refusal, facts: RequestFacts) =>
    maskResult({ errors: [refusalError(refusal)] }, facts, logger);

  /** The JSON of the answer, or why there is none. */
  async function answer(
    { checked, facts, underWay }: SocketRequest,
    ticket: Ticket,
  ): Promise<{ readonly json: readonly Buffer[] } | { readonly errors: readonly GraphQLError[] }> {
    const refusal = await checks.execution(checked, facts);
    if (refusal) return refused(refusal, facts);
    // Parsed, a message takes some multiple of its bytes.
    if (!(await ticket.begin(underWay.bytes, underWay.bytes))) return refused(OVERLOADED, facts);
    const { startedAt, caller } = facts;
    const contextValue = createContext({
      repository: traced(repository, facts),
      caller,
      tokens,
      sessions: callers?.sessions ?? null,
      limits,
      startedAt,
      hold: ticket.charge,
      writeTurn: ticket,
    });
    noteExecution(facts, checked.operation, contextValue);
    const result = maskResult(
      await ticket.during(() => execute({ ...argsOf(checked), contextValue })),
      facts,
      logger,
    );
    if (!('data' in result)) return { errors: result.errors ?? [] };
    const written = await writeAnswer(result, facts, limits.answerBytes, logger);
    const json = typeof written === 'string' ? [Buffer.from(written)] : written;
    const bytes = json.reduce((sum, { length }) => sum + length, 0);
    return ticket.settle(bytes) ? { json } : refused(ANSWER_OVERLOADED, facts);
  }

  return (request) => {
    const { connection, id, facts, underWay, forget } = request;
    const recipient = new AnsweredOperation();
    const ticket = new Ticket(admission, recipient, meterOf(callers, facts.caller));
    let status = CLIENT_CLOSED_REQUEST;
    const operation = new SocketOperation(connection, id, () => {
      underWay.end();
      if (status === CLIENT_CLOSED_REQUEST) {
        noteDeparture(facts);
        recipient.close();
      }
      logRequest(logger, facts, { method: SOCKET_METHOD, path: GRAPHQL_PATH, status });
    });
    const fail = (errors: readonly GraphQLError[]) => {
      status = statusOf(errors);
      operation.fail(shownErrors(errors), forget);
      recipient.close();
    };
    const respond = async () => {
      const made = await answer(request, ticket);
      if ('errors' in made) return fail(made.errors);
      status = 200;
      operation.sendNext(made.json, () => recipient.close());
      operation.complete();
    };
    respond()
      .catch((error) => fail(maskResult({ errors: [bugOf(error)] }, facts, logger).errors))
      .finally(() => ticket.finish());
    return operation;
  };
}
