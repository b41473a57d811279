import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SECURITY_HEADERS } from '../browser-headers.ts';
import { ListenError } from '../listen.ts';
import { METRICS_PATH, pathOfTarget } from '../paths.ts';
import { createHostCheck } from '../policies/own-host.ts';
import { JSON_TYPE, type Refusal, refusalBody } from '../refusal.ts';
import { settleTarget } from '../request-target.ts';
import type { MetricsPage } from './metrics-page.ts';

/** The only address of the metrics' own port: nobody is asked for a token there. */
const HOST = '127.0.0.1';

export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the metrics on a port of their own, to this machine only; 0 picks a free one. Rejects with a ListenError. */
export async function startMetricsServer(metrics: MetricsPage, port: number): Promise<MetricsServer> {
  const server = createServer({ requireHostHeader: false }, createListener(metrics));
  server.listen({ host: HOST, port });
  await once(server, 'listening').catch((cause: Error) => {
    const message = `Cannot listen on port ${port} of ${HOST} for the metrics: ${cause.message}. Choose another with --metrics.`;
    throw new ListenError(message, { cause });
  });
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}${METRICS_PATH}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function createListener(metrics: MetricsPage): RequestListener {
  const refusalOf = createCheck();
  return async (request, response) => {
    const send = (status: number, type: string, body: string, headers: Refusal['headers'] = {}) =>
      response
        .writeHead(status, {
          'content-type': type,
          'cache-control': 'no-store',
          ...SECURITY_HEADERS,
          ...headers,
        })
        .end(body);
    const refusal = refusalOf(request);
    if (refusal) send(refusal.status, JSON_TYPE, refusalBody(refusal), refusal.headers);
    else send(200, metrics.contentType, await metrics.text());
  };
}

function createCheck(): (request: IncomingMessage) => Refusal | undefined {
  const checkHost = createHostCheck([]);
  return (request) => {
    const refusal = settleTarget(request) ?? checkHost(request.headers.host ?? '');
    if (refusal) return refusal;
    const path = pathOfTarget(request.url ?? '');
    return path === METRICS_PATH && (request.method === 'GET' || request.method === 'HEAD')
      ? undefined
      : NOT_HERE;
  };
}

const NOT_HERE: Refusal = {
  status: 404,
  code: 'NOT_FOUND',
  message: `There is nothing here but GET ${METRICS_PATH}.`,
};
