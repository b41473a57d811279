import type { Refusal } from '../refusal.ts';

const RETRY = { 'retry-after': '1' };

/** The refusal of a request for which there is no room. */
export const OVERLOADED: Refusal = {
  status: 503,
  code: 'OVERLOADED',
  message:
    'Expected fewer requests at once, got more than the server has room for. Nothing was executed: send it again after a second.',
  headers: RETRY,
};

/** The refusal of an operation that was executed, but whose answer finds no room. */
export const ANSWER_OVERLOADED: Refusal = {
  status: 503,
  code: 'OVERLOADED',
  message:
    'The server holds too many answers that clients have not read yet, and has no room for this one. Ask again after a second, or for ' +
    'smaller pages. A mutation was executed: send it again only with its operationId.',
  headers: RETRY,
};
