import { ConnectionError, SessionNotFoundError, SessiontreeError } from '@sessiontree/client';
import { printable } from '../printable.ts';
import type { Logger } from '../repository/observer.ts';
import { ToolError } from './tool.ts';

/** What a model can do about a code of a refused request or mutation, beyond what the message says. */
const ADVICE: Readonly<Record<string, string>> = {
  BUDGET_EXCEEDED: 'Ask for less: a lower limit, a smaller depth, or a narrower filter.',
  UNAUTHENTICATED:
    'Whoever configures this MCP server has to give it a token: SESSIONTREE_TOKEN in its environment.',
  FORBIDDEN: 'The token of this MCP server gives no right to this.',
};

/** A failure in words for a model, on one line. What is a bug is logged, and told without its details. */
export function failureText(error: unknown, logger: Logger): string {
  if (error instanceof ToolError) return printable(error.message);
  if (error instanceof SessiontreeError)
    return printable([error.message.replace(/[^.]$/, '$&.'), adviceFor(error)].join(' ').trim());
  logger.error({ err: error }, 'a tool failed');
  return 'An unexpected error. The standard error of this MCP server has the details.';
}

function adviceFor(error: SessiontreeError): string {
  if (error instanceof ConnectionError)
    return 'Is the server running? "sessiontree serve" starts it; --url of this MCP server names another.';
  if (error instanceof SessionNotFoundError) return 'search_messages and list_sessions find sessions.';
  return ADVICE[error.code] ?? (error.isRetryable ? 'Try again later.' : '');
}
