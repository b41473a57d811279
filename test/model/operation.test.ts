import { describe, expect, it } from 'vitest';
import { operationOf } from '../../src/model/operation.ts';

describe('the fingerprint of an operation', () => {
  const fingerprint = (mutation: string, input: unknown) => operationOf('op', mutation, input).fingerprint;

  it('is 32 lower-case hex digits beside the id as given', () => {
    const operation = operationOf('My-Op', 'createSession', { id: 'a' });
    expect(operation.id).toBe('My-Op');
    expect(operation.fingerprint).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is the same for the same input, whatever the order of its keys', () => {
    expect(fingerprint('m', { a: { c: 1, b: [2] }, d: null })).toBe(
      fingerprint('m', { d: null, a: { b: [2], c: 1 } }),
    );
  });

  it('does not depend on the id of the operation', () => {
    expect(operationOf('one', 'm', {}).fingerprint).toBe(operationOf('two', 'm', {}).fingerprint);
  });

  it('differs with the mutation, with a value, with a null for what was left out, and with the order of an array', () => {
    const all = [
      fingerprint('create', { a: [1, 2] }),
      fingerprint('append', { a: [1, 2] }),
      fingerprint('create', { a: [2, 1] }),
      fingerprint('create', { a: ['1', '2'] }),
      fingerprint('create', { a: [1, 2], b: null }),
      fingerprint('create', { a: [1, 2], b: new Date(0) }),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('is as it always was: fingerprints are stored, and must compare equal after an upgrade', () => {
    expect(
      fingerprint('sendMessage', { sessionId: 'a', message: 'hi', response: 'ho' }),
    ).toMatchInlineSnapshot(`"55e5c4a8f008ac68febdfce9a379942a"`);
  });
});
