import { methodNotAllowed, tooLarge, unsupportedMediaType } from '../refusal.ts';
import type { Policy } from './policy.ts';

/** Refuses methods other than GET, with the query in the URL, and POST. */
export const servedMethod: Policy = {
  name: 'served method',
  content: ({ method }) =>
    method === 'GET' || method === 'POST'
      ? undefined
      : methodNotAllowed(`Expected a GET or a POST request, got ${method}.`),
};

/**
 * Refuses content other than JSON. Any web page may send form-encoded, multipart and plain-text bodies to any server without a
 * preflight. A POST without a Content-Type is refused, too.
 */
export const jsonContent: Policy = {
  name: 'JSON content',
  content({ method, header }) {
    const contentType = header('content-type');
    if (isJson(contentType)) return undefined;
    if (method === 'POST')
      return unsupportedMediaType('Expected a body with "Content-Type: application/json" in UTF-8.');
    // A Content-Type on a GET is only good for passing as a request that has had a preflight.
    return contentType == null ? undefined : unsupportedMediaType('Expected a GET request without a body.');
  },
};

/**
 * Refuses a body that says it is compressed, whether it is or not: the server decompresses nothing, so that a small body cannot become a
 * large one.
 */
export const uncompressedContent: Policy = {
  name: 'uncompressed content',
  content({ method, header }) {
    const codings = header('content-encoding')?.trim().toLowerCase() ?? '';
    if (method !== 'POST' || codings === '' || codings === 'identity') return undefined;
    return {
      ...unsupportedMediaType(
        'Expected a body without a Content-Encoding, got one. Send it as plain, uncompressed JSON.',
      ),
      headers: { 'accept-encoding': 'identity' },
    };
  },
};

/** Refuses a Content-Length above the limit. `readParams` bounds bodies without one while it reads them. */
export function bodySize(bodyBytes: number): Policy {
  return {
    name: 'body size',
    content: ({ method, header }) =>
      method === 'POST' && Number(header('content-length')) > bodyBytes ? tooLarge(bodyBytes) : undefined,
  };
}

/** Whether a Content-Type header means JSON in UTF-8. */
function isJson(contentType: string | null | undefined): boolean {
  return (
    contentType === 'application/json' ||
    /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(contentType?.trim() ?? '')
  );
}
