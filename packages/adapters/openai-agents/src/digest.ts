import { canonical } from './items.ts';

/** The SHA-256 of values that are JSON, whatever the order of their keys, in hexadecimal digits. */
export async function digest(values: readonly unknown[]): Promise<string> {
  const bytes = new TextEncoder().encode(canonical(values));
  return [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
