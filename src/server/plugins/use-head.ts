import type { ServerPlugin } from '../plugin.ts';

/** Answers HEAD as GET is answered, without the body. */
export function useHead(): ServerPlugin {
  return {
    onRequest({ request, setRequest, fetchAPI, serverContext: { facts } }) {
      if (request.method !== 'HEAD') return;
      facts.method = 'HEAD';
      const { url, headers, signal } = request;
      setRequest(new fetchAPI.Request(url, { method: 'GET', headers, signal }));
    },
    onResponse({ response, setResponse, fetchAPI, serverContext: { facts } }) {
      if (facts.method !== 'HEAD') return;
      const { status, statusText, headers } = response;
      setResponse(new fetchAPI.Response(null, { status, statusText, headers }));
    },
  };
}
