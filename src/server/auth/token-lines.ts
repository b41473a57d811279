import { z } from 'zod';
import { SCOPES, type Scope } from '../../model/caller.ts';
import { isSessionId } from '../../model/id.ts';
import { AuthFileError } from './auth-file-error.ts';

/** A token, as it is stored: without its secret. */
export interface TokenRecord {
  readonly id: string;
  /** SHA-256 of the token, in hex. */
  readonly hash: string;
  readonly userId: string | null;
  readonly scope: Scope;
  readonly subtreeId: string | null;
  /** The id of a token without which this one is not valid. */
  readonly mintedBy: string | null;
  readonly purpose: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}

/** A line of the file: a new token, or the end of one. */
export type TokenLine =
  | { readonly added: TokenRecord }
  | { readonly revoked: string; readonly revokedAt: Date };

const id = z.string().regex(/^[0-9a-f]{16}$/);
const time = z.iso.datetime().transform((text) => new Date(text));

const line = z.union([
  z.strictObject({
    added: z.strictObject({
      id,
      hash: z.string().regex(/^[0-9a-f]{64}$/),
      userId: z.string().min(1).nullable(),
      scope: z.enum(SCOPES),
      subtreeId: z.string().refine(isSessionId).nullable(),
      mintedBy: id.nullable().default(null),
      purpose: z.string().nullable(),
      createdAt: time,
      expiresAt: time.nullable(),
    }),
  }),
  z.strictObject({ revoked: id, revokedAt: time }),
]);

export function encodeLines(lines: readonly TokenLine[]): string {
  return lines.map((each) => `${JSON.stringify(each)}\n`).join('');
}

/**
 * The lines of the file at `path`. What follows the last newline was never acknowledged, and is left out. Throws a `AuthFileError` for
 * a line that is none: it may have revoked a token, so the file as a whole is not to be used.
 */
export function decodeLines(text: string, path: string): TokenLine[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((each, n) => {
      const parsed = line.safeParse(parsedJson(each));
      if (parsed.success) return parsed.data;
      throw new AuthFileError(
        `Expected a token in line ${n + 1} of ${path}, got something else: no token is accepted. Remove the line, and revoke the tokens ` +
          'that it may have revoked.',
      );
    });
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
