import { ANSWER_OVERLOADED } from '../admission/overloaded.ts';
import { loggedMessages } from '../logged-messages.ts';
import type { ServerPlugin } from '../plugin.ts';
import { JSON_TYPE, refusalBody } from '../refusal.ts';

/** Counts an answer until it is sent. Before the other plugins: they shape whichever answer is sent in the end. */
export function useAdmission(): ServerPlugin {
  return {
    onResponse({ response, serverContext: { handedOn, facts }, fetchAPI, setResponse }) {
      if (!handedOn || handedOn.ticket.settle(Number(response.headers.get('content-length') ?? 0))) return;
      const { status, code, message, headers } = ANSWER_OVERLOADED;
      facts.errorCodes = [code];
      facts.messages = loggedMessages([{ message, extensions: { code } }]);
      setResponse(
        new fetchAPI.Response(refusalBody(ANSWER_OVERLOADED), {
          status,
          headers: { 'content-type': JSON_TYPE, ...headers },
        }),
      );
    },
  };
}
