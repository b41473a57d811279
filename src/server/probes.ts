import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../repository/observer.ts';
import type { SessionRepository } from '../repository/repository.ts';

/**
 * Answers `/health` (the process serves) and `/ready` (the store answers too), and says whether it was one of them. They
 * tell nothing worth hiding, and so ask for no particular Host: a prober comes by the address of the machine.
 */
export function createProbes(repository: SessionRepository, logger: Logger) {
  return ({ url }: IncomingMessage, response: ServerResponse): boolean => {
    const [path] = (url ?? '').split('?');
    if (path === '/health') answer(response, 200, 'ok');
    else if (path === '/ready') answerReady(response, repository, logger);
    else return false;
    return true;
  };
}

async function answerReady(
  response: ServerResponse,
  repository: SessionRepository,
  logger: Logger,
): Promise<void> {
  try {
    await repository.status();
    answer(response, 200, 'ready');
  } catch (error) {
    logger.error({ err: error }, 'not ready: the store does not answer');
    answer(response, 503, 'the store does not answer');
  }
}

function answer(response: ServerResponse, status: number, text: string): void {
  const body = `${text}\n`;
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(body);
}
