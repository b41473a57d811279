import type { ServerPlugin } from '../plugin.ts';
import { methodNotAllowed, refusalError, unsupportedMediaType } from '../refusal.ts';
import { readParams, readUrlParams } from '../request-params.ts';

export interface JsonRequestsOptions {
  readonly bodyBytes: number;
}

/**
 * Takes GET with its query in the URL, and POST with a JSON body. Form-encoded, multipart and plain-text bodies, which any
 * web page may send anywhere without asking, are refused, as is a request that does not say what its body is.
 */
export function useJsonRequests({ bodyBytes }: JsonRequestsOptions): ServerPlugin {
  const readBody = (request: Request) => readParams(request, bodyBytes);
  return {
    onRequestParse({ request, setRequestParser }) {
      const contentType = request.headers.get('content-type');
      if (request.method === 'POST') {
        if (isJson(contentType)) return setRequestParser(readBody);
        throw refusalError(
          unsupportedMediaType('Expected a body with "Content-Type: application/json" in UTF-8.'),
        );
      }
      if (request.method === 'GET') {
        // A content type on a GET has no use but to pass, in a browser, for a request that needed permission.
        if (contentType === null || isJson(contentType)) return setRequestParser(readUrlParams);
        throw refusalError(unsupportedMediaType('Expected a GET request without a body.'));
      }
      throw refusalError(methodNotAllowed('Expected a GET or a POST request.', 'GET, POST'));
    },
  };
}

/** Does a Content-Type header say that the body is JSON? */
export function isJson(contentType: string | null | undefined): boolean {
  return (
    contentType === 'application/json' ||
    /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(contentType?.trim() ?? '')
  );
}
