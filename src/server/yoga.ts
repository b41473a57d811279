import { createRequestRules } from './request-rules.ts';
import { type SessiontreeYogaOptions, withDefaults } from './settings.ts';
import { createYogaPath, type SessiontreeYoga } from './yoga-path.ts';

/**
 * The API as a request handler: `yoga.fetch(request)`. It does not listen on a port, and does not close the repository. For node:http
 * use `createRequestListener`, which is faster and handles every target and Host header: Yoga's own listener answers some of them with
 * a stack.
 */
export function createSessiontreeYoga(options: SessiontreeYogaOptions): SessiontreeYoga {
  const settings = withDefaults(options);
  return createYogaPath(settings, createRequestRules(settings));
}
