import { type Authenticate, authenticated } from '../auth/authenticate.ts';
import type { Router } from '../routes.ts';
import type { Policy } from './policy.ts';

/**
 * Refuses requests for operations, and for metrics, of clients that do not say who they are, and sets the caller of all others. The pages and their files
 * hold no data: whoever opens one is asked for a token there. A browser cannot send a header with the request that opens a WebSocket: such
 * a client says who it is in its first message.
 */
export function authentication(routeOf: Router, authenticate: Authenticate): Policy {
  return {
    name: 'authentication',
    head(head, facts) {
      const route = routeOf(head);
      if (route !== 'api' && route !== 'metrics') return undefined;
      if (head.isUpgrade && !head.header('authorization')) return undefined;
      return authenticated(authenticate, head, facts);
    },
  };
}
