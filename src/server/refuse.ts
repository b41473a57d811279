import { loggedMessages } from './logged-messages.ts';
import type { ServerContext } from './plugin.ts';
import { JSON_TYPE, type Refusal, refusalBody } from './refusal.ts';

interface OnRequest {
  readonly fetchAPI: { readonly Response: typeof Response };
  readonly serverContext: ServerContext;
  readonly endResponse: (response: Response) => void;
}

/** Answers a request with a refusal, from `onRequest`. */
export function refuse(
  { fetchAPI, serverContext, endResponse }: OnRequest,
  { status, code, message, headers }: Refusal,
): void {
  serverContext.facts.errorCodes = [code];
  serverContext.facts.messages = loggedMessages([{ message, extensions: { code } }]);
  endResponse(
    new fetchAPI.Response(refusalBody({ code, message }), {
      status,
      headers: { 'content-type': JSON_TYPE, ...headers },
    }),
  );
}
