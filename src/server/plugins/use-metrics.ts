import { mayUse } from '../../model/caller.ts';
import type { MetricsPage } from '../metrics/metrics-page.ts';
import type { ServerPlugin } from '../plugin.ts';
import type { Refusal } from '../refusal.ts';
import { refuse } from '../refuse.ts';
import type { Router } from '../routes.ts';

export interface MetricsOptions {
  readonly routeOf: Router;
  readonly metrics: MetricsPage;
}

/** Serves the metrics: to everybody where nobody is asked for a token, else to admins. */
export function useMetrics({ routeOf, metrics }: MetricsOptions): ServerPlugin {
  return {
    async onRequest(payload) {
      const { fetchAPI, serverContext, endResponse } = payload;
      if (routeOf(serverContext.head) !== 'metrics') return;
      if (!mayUse(serverContext.facts.caller, 'admin')) {
        refuse(payload, FOR_ADMINS);
        return;
      }
      const headers = { 'content-type': metrics.contentType, 'cache-control': 'no-store' };
      endResponse(new fetchAPI.Response(await metrics.text(), { headers }));
    },
  };
}

const FOR_ADMINS: Refusal = {
  status: 403,
  code: 'FORBIDDEN',
  message:
    'Expected a token with the scope admin: the metrics are about all users. Or serve them on a port of their own (--metrics PORT).',
};
