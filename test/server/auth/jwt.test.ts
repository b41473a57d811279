import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
} from 'jose';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Caller } from '../../../src/model/caller.ts';
import type { AuthConfig, JwtConfig } from '../../../src/server/auth/auth-config.ts';
import { createAuthentication } from '../../../src/server/auth/create-authentication.ts';
import { tokensOf } from '../../../src/server/auth/tokens.ts';
import type { Refusal } from '../../../src/server/refusal.ts';
import type { RequestHead } from '../../../src/server/request-head.ts';
import { temporaryDirectory } from '../../support/repository.ts';
import { openSocket, stream, WATCH } from '../live/support.ts';
import { createTestLogger } from '../support.ts';
import { bearer, HTTP_WAYS, openAuthServer, SOCKET_WAYS, UPGRADE } from './support.ts';

const SECRET = new Uint8Array(randomBytes(32));

let issuer: { readonly publicKey: CryptoKey; readonly privateKey: CryptoKey };
let other: { readonly publicKey: CryptoKey; readonly privateKey: CryptoKey };

beforeAll(async () => {
  issuer = await generateKeyPair('RS256', { extractable: true });
  other = await generateKeyPair('RS256', { extractable: true });
});

const RIGHT = { iss: 'https://id.example', aud: 'sessiontree', sub: 'ada' };
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

interface Signed {
  readonly claims?: JWTPayload;
  readonly header?: Record<string, unknown>;
  readonly key?: CryptoKey | Uint8Array;
}

/** A token of the issuer that is right but for what is given. */
function sign({ claims, header, key = issuer.privateKey }: Signed = {}): Promise<string> {
  return new SignJWT({ ...RIGHT, exp: inSeconds(60), ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'one', ...header })
    .sign(key, { crit: { 'urn:must-be-known': true } });
}

const CONFIG = {
  issuer: RIGHT.iss,
  audience: RIGHT.aud,
  userClaim: 'sub',
  scopeClaim: 'scope',
  subtreeClaim: 'subtree',
} as const;

function jwt(keys: JwtConfig['keys'], changes: Partial<JwtConfig> = {}): AuthConfig {
  return { kind: 'jwt', jwt: { ...CONFIG, keys, ...changes } };
}

/** The keys of the issuer, as it publishes them. */
async function keySet(...names: string[]): Promise<{ keys: JWK[] }> {
  const key = await exportJWK(issuer.publicKey);
  return { keys: names.map((kid) => ({ ...key, kid, alg: 'RS256' })) };
}

async function openKeySetFile(): Promise<JwtConfig['keys']> {
  const file = join(await temporaryDirectory(), 'keys.json');
  await writeFile(file, JSON.stringify(await keySet('one')));
  return { jwksFile: file };
}

/** What a server with this configuration says of a token. */
async function openAuthenticate(config: AuthConfig) {
  const { logger, lines } = createTestLogger();
  const tokens = tokensOf(await temporaryDirectory());
  const { authenticate } = await createAuthentication(config, tokens, logger);
  const ask = async (token: string): Promise<Caller | Refusal> => {
    const header = (name: string) => (name === 'authorization' ? bearer(token) : undefined);
    return authenticate!({ header } as RequestHead);
  };
  return { ask, lines, tokens };
}

/** The clock that tokens expire by stands still until the test moves it: on a busy machine a short time is over too soon. */
function stopClock(): void {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
}

const UNAUTHENTICATED = { status: 401, code: 'UNAUTHENTICATED' };

test('a right token lets in by every way; what is open ends when the token expires', async () => {
  const { url } = await openAuthServer(jwt(await openKeySetFile()));
  const right = bearer(await sign());
  const expired = bearer(await sign({ claims: { exp: inSeconds(-60) } }));
  for (const [name, way] of Object.entries({ ...HTTP_WAYS, 'a WebSocket, by its header': UPGRADE })) {
    expect(await way(url, right), name).toMatchObject({ status: 200 });
    expect(await way(url, expired), name).toMatchObject(UNAUTHENTICATED);
  }
  for (const [name, way] of Object.entries(SOCKET_WAYS)) {
    expect(await way(url, right), name).toEqual({ status: 200 });
    expect(await way(url, expired), name).toEqual({ status: 4403 });
  }
  // Within the time by which clocks may differ.
  stopClock();
  const authorization = bearer(await sign({ claims: { exp: inSeconds(-2) } }));
  const events = await stream(url, { query: WATCH }, { authorization });
  const socket = await openSocket(url.replace('http', 'ws'), { headers: { authorization } });
  await events.next();
  vi.advanceTimersByTime(5_000);
  expect(await events.next()).toBeNull();
  expect((await socket.closed()).code).toBe(4403);
});

test('a caller is what the claims say', async () => {
  const { ask } = await openAuthenticate(jwt(await openKeySetFile()));
  const exp = inSeconds(60);
  expect(
    await ask(await sign({ claims: { exp, scope: 'openid sessiontree:read', subtree: 'trip' } })),
  ).toEqual({
    userId: 'ada',
    scope: 'read',
    subtreeId: 'trip',
    tokenId: null,
    expiresAt: new Date((exp + 5) * 1_000),
  });
});

test.each<[claim: unknown, scope: string | null]>([
  [undefined, 'write'],
  ['sessiontree:read', 'read'],
  ['read', 'read'],
  [['read', 'sessiontree:write'], 'write'],
  ['openid sessiontree:admin profile', 'admin'],
  ['openid profile', null],
  ['', null],
  [[], null],
  [null, null],
  [{ admin: true }, null],
  ['administrator', null],
  ['ADMIN', null],
  [['read write'], null],
])('the scope %j gives %j', async (scope, expected) => {
  const { ask } = await openAuthenticate(jwt(await openKeySetFile()));
  const said = await ask(await sign({ claims: { scope } }));
  expect(said).toMatchObject(expected === null ? { status: 403, code: 'FORBIDDEN' } : { scope: expected });
});

test('claims may have other names', async () => {
  const names = { userClaim: 'email', scopeClaim: 'roles', subtreeClaim: 'tree' };
  const { ask } = await openAuthenticate(jwt(await openKeySetFile(), names));
  const claims = { email: 'ada@example', roles: ['admin'], tree: 'trip', scope: 'read', subtree: 'no' };
  expect(await ask(await sign({ claims }))).toMatchObject({
    userId: 'ada@example',
    scope: 'admin',
    subtreeId: 'trip',
  });
});

const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('with public keys, 401 for a token', () => {
  test.each<[name: string, token: () => string | Promise<string>]>([
    ['of another issuer', () => sign({ claims: { iss: 'https://evil.example' } })],
    ['without an issuer', () => sign({ claims: { iss: undefined } })],
    ['for another service', () => sign({ claims: { aud: 'other' } })],
    ['for no service', () => sign({ claims: { aud: undefined } })],
    ['that has expired', () => sign({ claims: { exp: inSeconds(-10) } })],
    ['that does not expire', () => sign({ claims: { exp: undefined } })],
    ['that is for later', () => sign({ claims: { nbf: inSeconds(60) } })],
    ['of another key', () => sign({ key: other.privateKey })],
    ['of an unknown key', () => sign({ header: { kid: 'two' } })],
    ['without a user', () => sign({ claims: { sub: undefined } })],
    ['of a user without a name', () => sign({ claims: { sub: '' } })],
    ['of a user that is no text', () => sign({ claims: { sub: 7 as never } })],
    ['of a user with a name that is too long', () => sign({ claims: { sub: 'x'.repeat(257) } })],
    ['for a session that cannot be', () => sign({ claims: { subtree: '../a' } })],
    ['for no session', () => sign({ claims: { subtree: '' } })],
    [
      'with an extension that must be known',
      () => sign({ header: { crit: ['urn:must-be-known'], 'urn:must-be-known': 1 } }),
    ],
    ['without a signature', () => `${b64({ alg: 'none' })}.${b64({ ...RIGHT, exp: inSeconds(60) })}.`],
    [
      'that says it needs none',
      async () => `${b64({ alg: 'none', kid: 'one' })}.${(await sign()).split('.')[1]}.`,
    ],
    [
      'whose claims were changed',
      async () => {
        const [header, , signature] = (await sign()).split('.');
        return `${header}.${b64({ ...RIGHT, sub: 'eve', exp: inSeconds(60) })}.${signature}`;
      },
    ],
    [
      'of HS256 with the public key as the secret',
      async () => {
        const body = `${b64({ alg: 'HS256', kid: 'one' })}.${b64({ ...RIGHT, exp: inSeconds(60) })}`;
        const pem = await exportSPKI(issuer.publicKey);
        return `${body}.${createHmac('sha256', pem).update(body).digest('base64url')}`;
      },
    ],
    [
      'of HS256 with the modulus as the secret',
      async () => {
        const body = `${b64({ alg: 'HS256', kid: 'one' })}.${b64({ ...RIGHT, exp: inSeconds(60) })}`;
        const { n } = await exportJWK(issuer.publicKey);
        return `${body}.${createHmac('sha256', Buffer.from(n!, 'base64url')).update(body).digest('base64url')}`;
      },
    ],
    [
      'that brings its own key',
      async () =>
        sign({ key: other.privateKey, header: { jwk: await exportJWK(other.publicKey), kid: undefined } }),
    ],
    [
      'that names its own keys',
      () => sign({ key: other.privateKey, header: { jku: 'http://127.0.0.1:1/keys' } }),
    ],
    ['that is none', () => 'ada'],
    ['of empty parts', () => '..'],
    ['of nonsense', () => 'e30.e30.e30'],
    ['that is encrypted', () => 'e30.e30.e30.e30.e30'],
    ['of the server, that is unknown', () => `st_${'0'.repeat(16)}_${'A'.repeat(43)}`],
  ])('%s', async (_name, token) => {
    const { ask, lines } = await openAuthenticate(jwt(await openKeySetFile()));
    const text = await token();
    const said = await ask(text);
    expect(said).toMatchObject(UNAUTHENTICATED);
    expect((said as Refusal).headers).toEqual({ 'www-authenticate': 'Bearer error="invalid_token"' });
    // Nothing of what a stranger wrote.
    expect((said as Refusal).message).not.toMatch(/evil|other|\.\.\/a|eve/);
    expect(lines).toEqual([]);
    expect(await ask(await sign())).toMatchObject({ userId: 'ada' });
  });
});

describe('with a secret', () => {
  const hs256 = (changes: Signed = {}) =>
    sign({ key: SECRET, ...changes, header: { alg: 'HS256', ...changes.header } });

  test('a token that is signed with the secret is right', async () => {
    const { ask } = await openAuthenticate(jwt({ secret: SECRET }));
    expect(await ask(await hs256())).toMatchObject({ userId: 'ada', scope: 'write' });
  });

  test.each<[name: string, token: () => string | Promise<string>]>([
    ['with another secret', () => hs256({ key: new Uint8Array(randomBytes(32)) })],
    [
      'by a longer hash',
      () => hs256({ key: new Uint8Array([...SECRET, ...SECRET]), header: { alg: 'HS512' } }),
    ],
    ['by a key', () => sign()],
    ['by nobody', () => `${b64({ alg: 'none' })}.${b64({ ...RIGHT, exp: inSeconds(60) })}.`],
    ['for another service', () => hs256({ claims: { aud: 'other' } })],
    ['long ago', () => hs256({ claims: { exp: inSeconds(-10) } })],
  ])('one that is signed %s is refused', async (_name, token) => {
    const { ask } = await openAuthenticate(jwt({ secret: SECRET }));
    expect(await ask(await token())).toMatchObject(UNAUTHENTICATED);
  });
});

test('a token that was right is not checked again, and ends when it expires', async () => {
  const { authenticate } = await createAuthentication(
    jwt(await openKeySetFile()),
    tokensOf(await temporaryDirectory()),
    createTestLogger().logger,
  );
  stopClock();
  const token = await sign({ claims: { exp: inSeconds(-3) } });
  const head = { header: () => bearer(token) } as unknown as RequestHead;
  const said = await authenticate!(head);
  expect(said).toMatchObject({ userId: 'ada' });
  expect(authenticate!(head)).toBe(said);
  vi.advanceTimersByTime(5_000);
  expect(await authenticate!(head)).toMatchObject(UNAUTHENTICATED);
});

test("the server's own tokens are right beside those of the issuer", async () => {
  const { ask, tokens } = await openAuthenticate(jwt(await openKeySetFile()));
  const { id, token } = await tokens.mint({ userId: 'ada', scope: 'read', subtreeId: 'trip' });
  expect(await ask(token)).toMatchObject({ userId: 'ada', subtreeId: 'trip', tokenId: id });
});

describe('a key set at a URL', () => {
  /** The issuer's server, whose answer a test may change. */
  async function openIssuer(answer: { status: number; body: string }) {
    let requests = 0;
    const server = createServer((_request, response) => {
      requests += 1;
      response.writeHead(answer.status).end(answer.body);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    return { keys: { jwks: new URL(`http://127.0.0.1:${port}/keys`) }, requests: () => requests };
  }

  test('is read once, however many tokens come', async () => {
    const { keys, requests } = await openIssuer({ status: 200, body: JSON.stringify(await keySet('one')) });
    const { ask } = await openAuthenticate(jwt(keys));
    const token = await sign();
    for (const said of await Promise.all(Array.from({ length: 10 }, () => ask(token))))
      expect(said).toMatchObject({ userId: 'ada' });
    // Strangers cannot have the issuer asked again and again.
    for (let n = 0; n < 10; n += 1)
      expect(await ask(await sign({ header: { kid: `key-${n}` } }))).toMatchObject(UNAUTHENTICATED);
    expect(requests()).toBe(1);
  });

  test.each<[name: string, answer: { status: number; body: string }]>([
    ['has an error', { status: 500, body: 'secret details' }],
    ['leads elsewhere', { status: 302, body: '' }],
    ['is no JSON', { status: 200, body: '<html>' }],
    ['is no key set', { status: 200, body: '{"keys":7}' }],
    ['is too long', { status: 200, body: `{"keys":[],"x":"${'x'.repeat(1024 * 1024)}"}` }],
  ])('that %s: 503, a line in the log, and the issuer is left alone', async (_name, answer) => {
    // The issuer is asked again after a while, which does not pass here.
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { keys, requests } = await openIssuer(answer);
    const { ask, lines } = await openAuthenticate(jwt(keys));
    for (let n = 0; n < 5; n += 1) {
      const said = (await ask(await sign())) as Refusal;
      expect(said).toMatchObject({
        status: 503,
        code: 'AUTHENTICATION_UNAVAILABLE',
        headers: { 'retry-after': '5' },
      });
      expect(said.message).not.toMatch(/127\.0\.0\.1|secret/);
    }
    expect(requests()).toBe(1);
    expect(lines).toMatchObject([{ level: 50, msg: 'tokens cannot be checked: requests are refused' }]);
  });

  test('that nobody serves: 503 by every way, never a 500', async () => {
    const { url } = await openAuthServer(jwt({ jwks: new URL('http://127.0.0.1:1/keys') }));
    const right = bearer(await sign());
    for (const [name, way] of Object.entries({ ...HTTP_WAYS, 'a WebSocket, by its header': UPGRADE }))
      expect(await way(url, right), name).toMatchObject({ status: 503, code: 'AUTHENTICATION_UNAVAILABLE' });
    for (const [name, way] of Object.entries(SOCKET_WAYS))
      expect(await way(url, right), name).toEqual({ status: 1013 });
  });
});

test('keys that cannot be used for what they say are a fault of the server, and no 500', async () => {
  const file = join(await temporaryDirectory(), 'keys.json');
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 });
  const weak = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256' };
  await writeFile(file, JSON.stringify({ keys: [weak] }));
  const { ask } = await openAuthenticate(jwt({ jwksFile: file }));
  expect(await ask(await sign())).toMatchObject({ status: 503 });
});

test.each([
  ['is no JSON', 'secret'],
  ['is no key set', '{"keys":7,"d":"secret"}'],
])('a file of keys that %s stops the start, without a word of it', async (_name, text) => {
  const file = join(await temporaryDirectory(), 'keys.json');
  await writeFile(file, text);
  const opened = openAuthenticate(jwt({ jwksFile: file }));
  await expect(opened).rejects.toThrow(`Expected a JSON Web Key Set in ${file}`);
  await expect(opened).rejects.not.toThrow('secret');
});

test('a client that leaves while its token is checked leaves nothing behind', async () => {
  let answer = () => {};
  const asked = Promise.withResolvers<void>();
  const server = createServer((_request, response) => {
    answer = () => response.end('{"keys":[]}');
    asked.resolve();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const { url, lines } = await openAuthServer(jwt({ jwks: new URL(`http://127.0.0.1:${port}/keys`) }));
  const leaving = new AbortController();
  const headers = { 'content-type': 'application/json', authorization: bearer(await sign()) };
  const gone = fetch(url, {
    method: 'POST',
    headers,
    body: '{"query":"{ __typename }"}',
    signal: leaving.signal,
  });
  await asked.promise;
  leaving.abort();
  await expect(gone).rejects.toThrow('abort');
  // The server must have seen it before the answer.
  await fetch(new URL('/health', url));
  answer();
  await expect
    .poll(() => lines.filter(({ msg }) => msg === 'request'))
    .toMatchObject([{ path: '/graphql', method: 'POST', status: 499 }]);
});
