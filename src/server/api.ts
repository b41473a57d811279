import type { DocumentNode } from 'graphql';
import type { Admission } from './admission/admission.ts';
import { createOperationCheck } from './check-operation.ts';
import { createDocumentCache } from './document-cache.ts';
import { withFastPath } from './fast-path.ts';
import { Live, type LiveOptions } from './live/live.ts';
import { createWebSocketListener, type UpgradeListener, type WebSocketOptions } from './live/web-socket.ts';
import type { RequestHandler } from './node-listener.ts';
import type { RequestRules } from './request-rules.ts';
import type { ServerSettings } from './settings.ts';
import { createYogaPath } from './yoga-path.ts';

/** The parts of the API for a server of node:http. */
export interface Api {
  /** For use within `createNodeListener`, which settles the target of each request. */
  readonly handler: RequestHandler;
  readonly upgrade: UpgradeListener;
  readonly live: Live;
}

export interface ApiOptions extends LiveOptions, Pick<WebSocketOptions, 'refusalOf'> {}

/** Creates the parts of the API, which share documents, subscriptions, and the room of `admission`. */
export function createApi(
  settings: ServerSettings,
  rules: RequestRules,
  admission: Admission,
  options: ApiOptions = {},
): Api {
  const documents = createDocumentCache<DocumentNode>();
  const live = new Live(settings, admission, options);
  const yoga = createYogaPath(settings, rules, documents);
  const checkOperation = createOperationCheck(rules.checks, documents);
  return {
    handler: withFastPath(yoga, settings, rules, documents, admission, live),
    upgrade: createWebSocketListener({ ...options, settings, rules, admission, live, checkOperation }),
    live,
  };
}
