import type { ServerPlugin } from '../plugin.ts';

/** An answer is what its content type says, and nothing that a browser guesses from its text. */
export const SECURITY_HEADERS = { 'x-content-type-options': 'nosniff' } as const;

/** Says so with every answer. */
export function useSecurityHeaders(): ServerPlugin {
  return {
    onResponse({ response }) {
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.headers.set(name, value);
    },
  };
}
