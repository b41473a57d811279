import { duplexPair } from 'node:stream';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { encodingFor } from '../../src/server/compression.ts';
import { type Received, send } from '../support/http-client.ts';
import { openBothWays, openTree } from './both-ways.ts';
import { plain, TYPES } from './requests.ts';
import { openTestServer, outcome } from './support.ts';

/** The headers of a request from the server's own page. */
const BROWSER = { 'sec-fetch-site': 'same-origin', 'accept-encoding': 'gzip, deflate, br, zstd' };

function unpacked({ headers, body }: Received): string {
  expect(headers['content-length']).toBe(String(body.byteLength));
  if (headers['content-encoding'] === 'br') return brotliDecompressSync(body).toString();
  return (headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
}

describe('an answer of more than a kibibyte', () => {
  async function open() {
    const { fast } = await openBothWays(await openTree(), { allowedOrigins: ['https://app.example'] });
    const ask = (headers: Record<string, string>) => send(fast.port, plain(TYPES, headers));
    const whole = await ask({});
    expect(whole.body.byteLength).toBeGreaterThan(1_024);
    return { ask, whole };
  }

  test.each<[string, Record<string, string>, string]>([
    ['a page of its own', BROWSER, 'br'],
    [
      'a page of an allowed origin',
      { ...BROWSER, origin: 'https://app.example', 'sec-fetch-site': 'cross-site' },
      'br',
    ],
    ['a browser without br', { ...BROWSER, 'accept-encoding': 'gzip, deflate' }, 'gzip'],
    [
      'a browser that says only its origin',
      { origin: 'https://app.example', 'accept-encoding': 'gzip' },
      'gzip',
    ],
    [
      'another machine, by X-Forwarded-For',
      { 'x-forwarded-for': '10.0.0.7', 'accept-encoding': 'gzip' },
      'gzip',
    ],
    ['another machine, by Forwarded', { forwarded: 'for=10.0.0.7', 'accept-encoding': 'gzip' }, 'gzip'],
    ['another machine, by Via', { via: '1.1 proxy', 'accept-encoding': 'gzip' }, 'gzip'],
    ['a program that takes nothing else', { 'accept-encoding': 'gzip, identity;q=0' }, 'gzip'],
  ])('is compressed for %s', async (_name, headers, encoding) => {
    const { ask, whole } = await open();
    const answer = await ask(headers);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-encoding']).toBe(encoding);
    expect(answer.headers.vary).toContain('Accept-Encoding');
    expect(answer.body.byteLength).toBeLessThan(whole.body.byteLength / 2);
    expect(unpacked(answer)).toBe(whole.body.toString());
  });

  test.each<[string, Record<string, string>]>([
    ['a program on this machine', { 'accept-encoding': 'gzip, deflate, br' }],
    [
      "a program that uses Node's fetch",
      { 'accept-encoding': 'gzip, deflate', 'sec-fetch-mode': 'cors', 'accept-language': '*' },
    ],
    ['a browser that takes no compression', { 'sec-fetch-site': 'same-origin' }],
    ['a browser that wants none', { ...BROWSER, 'accept-encoding': 'gzip;q=0, br;q=0, identity' }],
  ])('is sent as it is to %s', async (_name, headers) => {
    const { ask, whole } = await open();
    const answer = await ask(headers);
    expect(answer.headers['content-encoding']).toBeUndefined();
    expect(answer.body.toString()).toBe(whole.body.toString());
  });
});

test('a short answer is sent as it is, unless that is refused', async () => {
  const { fast } = await openBothWays(await openTree());
  const short = await send(fast.port, plain({ query: '{ __typename }' }, BROWSER));
  expect(short.headers['content-encoding']).toBeUndefined();
  const refusing = { ...BROWSER, 'accept-encoding': 'gzip, identity;q=0' };
  const packed = await send(fast.port, plain({ query: '{ __typename }' }, refusing));
  expect(packed.headers['content-encoding']).toBe('gzip');
  expect(unpacked(packed)).toBe(short.body.toString());
});

test('an answer to GET, and a refusal, of more than a kibibyte are compressed for a browser', async () => {
  const { fast } = await openBothWays(await openTree());
  const path = `/graphql?query=${encodeURIComponent(TYPES.query)}`;
  const got = await send(fast.port, { method: 'GET', path, headers: BROWSER });
  expect(got.headers['content-encoding']).toBe('br');
  expect(got.headers.vary).toBe('Accept-Encoding, Accept');
  expect(unpacked(got)).toContain('__Schema');
  const unknown = Array.from({ length: 50 }, (_, index) => `unknown${index}`).join(' ');
  const refused = await send(fast.port, plain({ query: `{ ${unknown} }` }, BROWSER));
  expect(refused.status).toBe(400);
  expect(refused.headers['content-encoding']).toBe('br');
  expect(unpacked(refused)).toContain('GRAPHQL_VALIDATION_FAILED');
});

test('a client that takes nothing that can be sent is refused, and its mutation is not run', async () => {
  const { post, repository } = await openTestServer();
  const response = await post('mutation { createSession(input: { id: "unsent" }) { __typename } }', {
    'accept-encoding': 'deflate, identity;q=0',
  });
  expect(await outcome(response)).toEqual({ status: 406, codes: ['NOT_ACCEPTABLE'] });
  expect(await repository.findMany(['unsent'])).toEqual([null]);
});

test('an answer is compressed for a client on another machine, which is told by its address', async () => {
  const { fast } = await openBothWays(await openTree());
  const { headers, body } = plain(TYPES, {
    host: 'localhost',
    'accept-encoding': 'gzip',
    connection: 'close',
  });
  const lines = Object.entries({ ...headers, 'content-length': String(body).length }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const answerTo = async (remoteAddress: string) => {
    const [here, there] = duplexPair();
    fast.server.emit('connection', Object.assign(there, { remoteAddress }));
    here.write(`POST /graphql HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
    return Buffer.concat(await here.toArray()).toString('latin1');
  };
  for (let time = 0; time < 2; time += 1) {
    expect(await answerTo('10.0.0.7')).toContain('\r\ncontent-encoding: gzip\r\n');
    expect(await answerTo('127.0.0.1')).not.toContain('content-encoding');
  }
});

describe('a client with the address', () => {
  const encodingTo = (address: string | undefined, bytes = 1_025) =>
    encodingFor({ header: (name) => (name === 'accept-encoding' ? 'gzip' : undefined), address }, bytes);

  test.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', undefined])(
    '%s is taken to be on this machine',
    (address) => {
      expect(encodingTo(address)).toBe('identity');
    },
  );

  test.each(['10.0.0.7', '::ffff:172.17.0.1', 'fe80::1', '1.127.0.1'])(
    '%s is taken to be on another machine',
    (address) => {
      expect(encodingTo(address)).toBe('gzip');
      expect(encodingTo(address, 1_024)).toBe('identity');
    },
  );
});
