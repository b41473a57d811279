import type { Request } from '../attacks/client.ts';
import type { Random } from '../torture/random.ts';

/* Random changes of requests that are right. */

const METHODS = ['POST', 'GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];
const TARGETS = [
  ...[
    '/graphql',
    '/graphql/',
    '/graphql?query={__typename}',
    '/graphql?variables=x',
    '/Graphql',
    '//graphql',
  ],
  ...['/', '/explorer/', '/explorer/%2e%2e/x', '/graphql/%00', '/%', '/health', '/ready', '/metrics', '*x'],
  ...[
    '/graphql?extensions={"persistedQuery":{"version":1,"sha256Hash":"0"}}',
    '/schema.graphql',
    '/auth/tokens.jsonl',
  ],
];
const HEADERS: readonly (readonly [string, string])[] = [
  ['content-type', 'application/json; charset=utf-16'],
  ['content-type', 'text/plain'],
  ['content-type', 'multipart/form-data; boundary=a'],
  ['content-encoding', 'gzip'],
  ['content-encoding', 'br, x'],
  ['accept', 'text/event-stream'],
  ['accept', 'text/html'],
  ['accept', 'application/graphql-response+json'],
  ['accept', 'multipart/mixed'],
  ['accept', 'q=\u00e9;;;,'],
  ['accept-encoding', 'gzip;q=0, *;q=nan'],
  ['origin', 'null'],
  ['origin', 'http://localhost'],
  ['host', 'evil.example'],
  ['host', '[::1]:99999'],
  ['expect', '100-continue'],
  ['last-event-id', 'x'],
  ['if-none-match', '*'],
  ['range', 'bytes=0-1'],
  ['x-forwarded-for', '1.2.3.4'],
  ['x-request-id', 'a'.repeat(300)],
  ['upgrade', 'websocket'],
  ['cookie', 'token=x'],
];
const VALUES: readonly unknown[] = [
  ...[null, true, 0, -1, 1e21, 2 ** 53, '', 'x', '\ud800', '\0', '__proto__', [], {}, [null], [[[]]]],
  ...[{ __proto__: null, constructor: 1 }, 'a'.repeat(70_000), '../../x', '\u202e', '$input', '{__typename}'],
];

const NAMES = ['x', 'query', 'variables', 'id', 'first', 'constructor'];

/** A changed copy of a JSON value: a member or an element less, more, or other. */
export function mutatedJson(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.oneIn(6)) return random.pick(VALUES);
  const copy = structuredClone(value) as Record<string, unknown>;
  const keys = Object.keys(copy);
  if (keys.length === 0) return random.pick(VALUES);
  const key = random.pick(keys);
  const where = random.below(6);
  if (where === 0) copy[random.pick(keys)] = copy[key];
  else if (where === 1) copy[random.pick(NAMES)] = copy[key];
  else if (where === 2 && !Array.isArray(copy)) delete copy[key];
  else copy[key] = mutatedJson(copy[key], random);
  return copy;
}

/** A text with some bytes other, away, or doubled. */
export function mutatedBytes(text: string, random: Random): Buffer {
  let bytes = Buffer.from(text);
  for (let times = 1 + random.below(3); times > 0 && bytes.length > 0; times -= 1) {
    const at = random.below(bytes.length);
    const end = Math.min(bytes.length, at + 1 + random.below(20));
    const piece = random.oneIn(2)
      ? [...bytes.subarray(at, end), ...bytes.subarray(at, end)]
      : [random.below(256)];
    bytes = Buffer.concat([
      bytes.subarray(0, at),
      Buffer.from(random.oneIn(4) ? [] : piece),
      bytes.subarray(random.oneIn(2) ? end : at + 1),
    ]);
  }
  return bytes;
}

/** A request like `{ body }`, with something wrong in it. */
export function mutatedRequest(body: object, random: Random): Request {
  const text = JSON.stringify(body);
  switch (random.below(6)) {
    case 0:
      return { body: mutatedBytes(text, random) };
    case 1:
      return { body: text, headers: Object.fromEntries([random.pick(HEADERS), random.pick(HEADERS)]) };
    case 2: {
      const method = random.pick(METHODS);
      return {
        method,
        path: random.pick(TARGETS),
        ...(method !== 'GET' && method !== 'HEAD' && { body: text }),
      };
    }
    default:
      return { body: JSON.stringify(mutatedJson(body, random)) ?? 'null' };
  }
}

/** Like a token of the server, or a JSON Web Token, or neither; never one that is valid. */
export function wrongToken(valid: readonly string[], random: Random): string {
  const token = random.pick(valid);
  const other = random.pick(valid);
  const [start, id = '', secret = ''] = /^(st)_(\w{16})_(.*)$/.exec(token)?.slice(1) ?? [];
  const noise = (length: number) =>
    Array.from(
      { length },
      () => 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_'[random.below(64)],
    ).join('');
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const at = random.below(secret.length);
  const wrong = random.pick([
    token.slice(0, random.below(token.length)),
    `${token}${noise(1)}`,
    `${start}_${id}_${noise(43)}`,
    `${start}_${noise(16)}_${secret}`,
    `${start}_${id}_${secret.slice(0, at)}${secret[at] === 'A' ? 'B' : 'A'}${secret.slice(at + 1)}`,
    `${start}_${id.toUpperCase()}_${secret}`,
    `${other.slice(0, 19)}_${noise(43)}`,
    `${id}_${secret}`,
    `${token} ${other}`,
    `${token},${other}`,
    `${part({ alg: 'none' })}.${part({ sub: 'ann', scope: 'admin', exp: 9e9 })}.`,
    `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: 'ann', exp: 9e9 })}.${noise(43)}`,
    '',
    noise(random.below(200)),
    'null',
    'Bearer',
  ]);
  return valid.includes(wrong) ? '' : wrong;
}
