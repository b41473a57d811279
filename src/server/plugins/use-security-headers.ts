import type { ServerPlugin } from '../plugin.ts';

/** An answer is what its content type says, and nothing that a browser guesses from its text. */
export function useSecurityHeaders(): ServerPlugin {
  return {
    onResponse({ response }) {
      response.headers.set('x-content-type-options', 'nosniff');
    },
  };
}
