import type { ExecutionResult } from 'graphql';
import type { Logger } from '../repository/observer.ts';
import type { MaybePromise } from '../schema/maybe-promise.ts';
import { endsRequest } from '../schema/request-error.ts';
import { maskResult } from './mask-result.ts';
import type { RequestFacts } from './request-facts.ts';
import { serializeInPieces } from './serialize.ts';

/** Bytes of an answer that is written at once. It can be a sixth of that. */
const MAX_BYTES_AT_ONCE = 4 * 1024 * 1024;

/**
 * The JSON of a masked result with data: one text, or, of a large answer, pieces that are written in several turns of the event loop. If
 * the answer exceeds `answerBytes`, or that of a query comes too late, the JSON has that one error instead.
 */
export function writeAnswer(
  result: ExecutionResult,
  facts: RequestFacts,
  answerBytes: number,
  logger: Logger,
): MaybePromise<string | Buffer[]> {
  const { context, operation } = facts;
  // An answer without data is short. Its error may be that of the budget already.
  if (!context || result.data === null) return JSON.stringify(result);
  const { budget, turns } = context;
  // What a mutation has done is answered, however late.
  const check = () => operation?.operation === 'mutation' || budget.check();
  const ended = (error: unknown) => {
    if (!endsRequest(error)) throw error;
    return JSON.stringify(maskResult({ errors: [error], data: null }, facts, logger));
  };
  try {
    check();
  } catch (error) {
    return ended(error);
  }
  if (budget.answerBytesMax <= Math.min(answerBytes, MAX_BYTES_AT_ONCE)) return JSON.stringify(result);
  return serializeInPieces(result, {
    written(bytes) {
      if (bytes > answerBytes) budget.exceedAnswer();
      check();
    },
    rest: () => turns.rest(),
  }).catch(ended);
}
