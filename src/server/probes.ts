import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../repository/observer.ts';
import type { SessionRepository } from '../repository/repository.ts';
import { pathOfTarget } from './paths.ts';
import { Readiness } from './readiness.ts';

/**
 * Gives a handler for `/health` (the process serves) and `/ready` (the store can be read and written), which returns whether the
 * request was for one of them. No policy applies to them, not even that of the host: probes use the address of the machine, and learn
 * nothing private.
 */
export function createProbes(repository: SessionRepository, logger: Logger) {
  const readiness = new Readiness(repository, logger);
  return ({ url }: IncomingMessage, response: ServerResponse): boolean => {
    const path = pathOfTarget(url ?? '');
    if (path === '/health') answer(response, 200, 'ok');
    else if (path === '/ready') answerReady(response, readiness);
    else return false;
    return true;
  };
}

async function answerReady(response: ServerResponse, readiness: Readiness): Promise<void> {
  const reason = await readiness.check();
  if (reason === null) answer(response, 200, 'ready');
  else answer(response, 503, reason);
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
