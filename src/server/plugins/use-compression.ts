import { dependsOn } from '../browser-headers.ts';
import { compress, encodingFor } from '../compression.ts';
import type { ServerPlugin } from '../plugin.ts';

/** Compresses answers to browsers and to other machines, except for streams and for bodies that are compressed already. */
export function useCompression(): ServerPlugin {
  return {
    onResponse({ response, serverContext, fetchAPI, setResponse }) {
      // A stream has no Content-Length.
      const bytes = Number(response.headers.get('content-length') ?? 0);
      if (bytes === 0 || response.headers.has('content-encoding')) return;
      const encoding = encodingFor(serverContext.head, bytes);
      if (encoding === null || encoding === 'identity') return;
      return response.arrayBuffer().then(async (body) => {
        const packed = await compress(new Uint8Array(body), encoding);
        const headers = new fetchAPI.Headers(response.headers);
        headers.set('content-encoding', encoding);
        headers.set('content-length', String(packed.byteLength));
        dependsOn(headers, 'Accept-Encoding');
        setResponse(new fetchAPI.Response(packed, { status: response.status, headers }));
      });
    },
  };
}
