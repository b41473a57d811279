import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { OVER_A_SOCKET } from '../support/fast-path.ts';
import { ALLOWED, ENDPOINT, JSON_TYPE, openTestServer, outcome } from './support.ts';

const BODY = JSON.stringify({ query: '{ __typename }' });
const UNSUPPORTED = { status: 415, codes: ['UNSUPPORTED_MEDIA_TYPE'] };
const BAD_REQUEST = { status: 400, codes: ['BAD_REQUEST'] };

const create = (id: string) => `mutation { createSession(input: { id: "${id}" }) { __typename } }`;

describe('media types', () => {
  test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
    'a POST of %s is taken',
    async (type) => {
      const { fetch } = await openTestServer();
      const response = await fetch({ method: 'POST', headers: { 'content-type': type }, body: BODY });
      expect(await outcome(response)).toEqual(ALLOWED);
    },
  );

  test.each([
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'text/plain; application/json',
    'application/graphql',
    'application/json-patch+json',
    'application/json; charset=utf-16',
  ])('a POST of %s is refused', async (type) => {
    const { fetch } = await openTestServer();
    const response = await fetch({ method: 'POST', headers: { 'content-type': type }, body: BODY });
    expect(await outcome(response)).toEqual(UNSUPPORTED);
  });

  test.each([
    ['gzip', gzipSync(BODY)],
    ['gzip', BODY],
    ['deflate', BODY],
    ['br', BODY],
    ['identity, gzip', BODY],
    ['no-coding', BODY],
  ])(
    'a POST of JSON with the Content-Encoding %s is refused, and told to send it without',
    async (encoding, body) => {
      const { fetch } = await openTestServer();
      const headers = { ...JSON_TYPE, 'content-encoding': encoding };
      const response = await fetch({ method: 'POST', headers, body });
      expect(response.headers.get('accept-encoding')).toBe('identity');
      expect(await outcome(response)).toEqual(UNSUPPORTED);
    },
  );

  test('a POST that does not say what it holds is refused', async () => {
    const { fetch } = await openTestServer();
    expect(await outcome(await fetch({ method: 'POST', body: Buffer.from(BODY) }))).toEqual(UNSUPPORTED);
  });

  test.each(['text/plain', 'foo/bar', 'application/x-www-form-urlencoded'])(
    'a GET that claims a body of %s is refused',
    async (type) => {
      const { fetch } = await openTestServer();
      const response = await fetch({ headers: { 'content-type': type } }, `${ENDPOINT}?query={__typename}`);
      expect(await outcome(response)).toEqual(UNSUPPORTED);
    },
  );

  test('a GET of a client that always names JSON is answered', async () => {
    const { fetch } = await openTestServer();
    expect(await outcome(await fetch({ headers: JSON_TYPE }, `${ENDPOINT}?query={__typename}`))).toEqual(
      ALLOWED,
    );
  });
});

describe('methods', () => {
  test.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s is refused', async (method) => {
    const { fetch } = await openTestServer();
    const response = await fetch({ method, headers: JSON_TYPE });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD, POST');
  });

  test('a mutation by GET is refused and changes nothing', async () => {
    const { fetch, repository } = await openTestServer();
    const response = await fetch({}, `${ENDPOINT}?query=${encodeURIComponent(create('by-get'))}`);
    expect(await outcome(response)).toEqual({ status: 405, codes: ['METHOD_NOT_ALLOWED'] });
    expect(response.headers.get('allow')).toBe('POST');
    expect(await repository.findMany(['by-get'])).toEqual([null]);
  });

  test('a mutation by GET is refused beside a query of the same document', async () => {
    const { fetch, repository } = await openTestServer();
    const document = `query A { __typename } ${create('by-get').replace('mutation', 'mutation B')}`;
    const run = (name: string) =>
      fetch({}, `${ENDPOINT}?operationName=${name}&query=${encodeURIComponent(document)}`);
    expect(await outcome(await run('A'))).toEqual(ALLOWED);
    expect(await outcome(await run('B'))).toEqual({ status: 405, codes: ['METHOD_NOT_ALLOWED'] });
    expect(await repository.findMany(['by-get'])).toEqual([null]);
  });

  test('a mutation by POST is run', async () => {
    const { post, repository } = await openTestServer();
    expect(await outcome(await post(create('by-post')))).toEqual(ALLOWED);
    expect(await repository.findMany(['by-post'])).toMatchObject([{ id: 'by-post' }]);
  });
});

describe('parameters', () => {
  test.each([
    ['nothing', ''],
    ['text that is no JSON', 'my-secret'],
    ['cut JSON', '{"query":"my-secret'],
    ['a string', '"my-secret"'],
    ['null', 'null'],
    ['no query', '{"operationName":"my-secret"}'],
    ['a query of the wrong type', '{"query":["my-secret"]}'],
    ['variables of the wrong type', '{"query":"{__typename}","variables":"my-secret"}'],
    ['variables in a list', '{"query":"{__typename}","variables":["my-secret"]}'],
    ['extensions of the wrong type', '{"query":"{__typename}","extensions":1}'],
    ['an operation name of the wrong type', '{"query":"{__typename}","operationName":{"my-secret":1}}'],
    ['an unknown parameter', '{"query":"{__typename}","my-secret":1}'],
  ])('a body of %s is refused, and not repeated', async (_name, body) => {
    const { fetch } = await openTestServer();
    const response = await fetch({ method: 'POST', headers: JSON_TYPE, body });
    expect(await response.clone().text()).not.toContain('my-secret');
    expect(await outcome(response)).toEqual(BAD_REQUEST);
  });

  test.each([`[${BODY},${BODY}]`, `[${BODY}]`, '[]'])(
    'a batch, %s, is refused, and told what to do',
    async (body) => {
      const { fetch } = await openTestServer();
      const response = await fetch({ method: 'POST', headers: JSON_TYPE, body });
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({
        errors: [
          {
            message:
              'Expected one request, got a list of them: batches are not supported. Send each in a request of its own, ' +
              'or select what belongs together in one operation.',
            extensions: { code: 'BATCHING_NOT_SUPPORTED' },
          },
        ],
      });
    },
  );

  test('no request of a batch is run', async () => {
    const { fetch, repository } = await openTestServer();
    const body = JSON.stringify([{ query: create('in-a-batch') }]);
    await fetch({ method: 'POST', headers: JSON_TYPE, body });
    expect(await repository.findMany(['in-a-batch'])).toEqual([null]);
  });

  test('a body that is not UTF-8 is refused before it could be stored garbled', async () => {
    const { fetch } = await openTestServer();
    const body = Buffer.from('{"query":"{ __typename } # \xe9"}', 'latin1');
    expect(await outcome(await fetch({ method: 'POST', headers: JSON_TYPE, body }))).toEqual(BAD_REQUEST);
  });

  test('null counts as left out', async () => {
    const { fetch } = await openTestServer();
    const body = '{"query":"{__typename}","variables":null,"operationName":null,"extensions":null}';
    expect(await outcome(await fetch({ method: 'POST', headers: JSON_TYPE, body }))).toEqual(ALLOWED);
  });

  test('null for variables is none, also where one is required', async () => {
    const { fetch } = await openTestServer();
    for (const query of [
      'query($id: ID!) { session(id: $id) { id } }',
      'mutation($id: ID!) { archiveSession(input: { sessionId: $id }) { __typename } }',
    ])
      for (const variables of [null, undefined, {}]) {
        const body = JSON.stringify({ query, variables });
        const refused = await outcome(await fetch({ method: 'POST', headers: JSON_TYPE, body }));
        expect(refused).toEqual({ status: 200, codes: ['BAD_USER_INPUT'] });
      }
  });

  test.each(['', 'query={__typename}&variables={', 'query={__typename}&variables=[]'])(
    'a GET with "%s" is refused',
    async (search) => {
      const { fetch } = await openTestServer();
      expect(await outcome(await fetch({}, `${ENDPOINT}?${search}`))).toEqual(BAD_REQUEST);
    },
  );

  test('a GET takes variables, and the name of an operation', async () => {
    const { fetch } = await openTestServer();
    const search = new URLSearchParams({
      query: 'query A { __typename } query B($id: ID!) { session(id: $id) { id } }',
      operationName: 'B',
      variables: '{"id":"none"}',
    });
    const response = await fetch({}, `${ENDPOINT}?${search}`);
    expect(await response.json()).toEqual({ data: { session: null } });
  });

  test('nesting that would overflow a recursion is refused for what it is', async () => {
    const { fetch } = await openTestServer();
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const body = `{"query":"query($v: JSONObject!) { sessions(filter: { metadata: $v }) { totalCount } }","variables":{"v":{"a":${deep}}}}`;
    const { status, codes } = await outcome(await fetch({ method: 'POST', headers: JSON_TYPE, body }));
    expect({ status, codes }).toEqual({ status: 200, codes: ['BAD_USER_INPUT'] });
  });
});

describe('size', () => {
  const limits = { bodyBytes: 1_000 };
  const padded = (bytes: number) => BODY.padEnd(bytes, ' ');
  const TOO_LARGE = { status: 413, codes: ['PAYLOAD_TOO_LARGE'] };

  test('a body of just the limit is taken, and one more byte is not', async () => {
    const { fetch } = await openTestServer({ limits });
    const send = (bytes: number) => fetch({ method: 'POST', headers: JSON_TYPE, body: padded(bytes) });
    expect(await outcome(await send(1_000))).toEqual(ALLOWED);
    expect(await outcome(await send(1_001))).toEqual(TOO_LARGE);
  });

  function stream(chunk: string, chunks: number) {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent === chunks) return controller.close();
        sent += 1;
        controller.enqueue(Buffer.from(chunk));
      },
    });
    return { body, sent: () => sent };
  }

  test('a stream that does not say its length is read to the limit and no further', async () => {
    const { fetch } = await openTestServer({ limits });
    const send = (body: ReadableStream) => fetch({ method: 'POST', headers: JSON_TYPE, body });
    expect(await outcome(await send(stream(padded(1_000), 1).body))).toEqual(ALLOWED);
    expect(await outcome(await send(stream(padded(500), 3).body))).toEqual(TOO_LARGE);
  });

  test('a stream without an end is refused while it still comes', async () => {
    const { fetch } = await openTestServer({ limits });
    const { body, sent } = stream(padded(500), 1_000_000);
    const response = await fetch({ method: 'POST', headers: JSON_TYPE, body });
    expect(sent()).toBeLessThan(1_000_000);
    expect(await outcome(response)).toEqual(TOO_LARGE);
  });

  // Over a socket, excess bytes would begin another request.
  test.skipIf(OVER_A_SOCKET)('a body that is longer than it says is refused', async () => {
    const { fetch } = await openTestServer({ limits });
    const headers = { ...JSON_TYPE, 'content-length': '10' };
    const response = await fetch({ method: 'POST', headers, body: padded(1_001) });
    expect(await outcome(response)).toEqual(TOO_LARGE);
  });
});
