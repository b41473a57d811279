import { createHash } from 'node:crypto';
import { canonicalJson } from './json.ts';

/**
 * What makes a retried mutation safe: the client's id for it, and a fingerprint of the mutation and its input. The same
 * id with the same fingerprint is answered as the first time; with another one it is a ConflictError.
 */
export interface Operation {
  readonly id: string;
  /** 32 lower-case hex digits. */
  readonly fingerprint: string;
}

/** `input` is the validated input without its operationId; `mutation` is the mutation's name. */
export function operationOf(id: string, mutation: string, input: unknown): Operation {
  const hash = createHash('sha256').update(`${mutation}\n${canonicalJson(input)}`);
  return { id, fingerprint: hash.digest('hex').slice(0, 32) };
}
