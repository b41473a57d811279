import type { Attack, Scene } from '../attack.ts';
import { bodyOf, type Request } from '../client.ts';
import { showsInside } from '../inside.ts';
import { exchange, openRaw, statusesIn } from '../raw-connection.ts';

/* Requests that are not what they should be. Each gets an answer of the server's own, with a code, and without a stack or a path. */

const OK = bodyOf('{ __typename }');
const LENGTH = `Content-Type: application/json\r\nContent-Length: ${OK.length}\r\n`;

/** Sends bytes on a connection of their own; the answer must have one of these statuses, and show nothing of the inside. */
async function expectStatus(
  { server, expect, directory }: Scene,
  what: string,
  bytes: string,
  ...statuses: number[]
): Promise<void> {
  const text = await exchange(
    server.port,
    bytes.replace(/^(.* HTTP\/1\.1\r\n)/, `$1Connection: close\r\n${server.authorization}`),
    5_000,
  );
  const [status] = statusesIn(text);
  expect(status !== undefined && statuses.includes(status), `${what}: ${status ?? 'no answer'}`);
  expectNothingInside(expect, what, text, directory);
}

function expectNothingInside(expect: Scene['expect'], what: string, text: string, directory: string): void {
  expect(!showsInside(text, directory), `${what}: the answer has a stack or a path`);
}

/** Sends requests, whose answers must have one of these statuses. */
async function expectAnswers(
  { server, expect, directory }: Scene,
  statuses: readonly number[],
  requests: Readonly<Record<string, Request>>,
): Promise<void> {
  for (const [what, request] of Object.entries(requests)) {
    const { status, text } = await server.send(request);
    expect(status !== null && statuses.includes(status), `${what}: ${status ?? 'no answer'}`);
    expectNothingInside(expect, what, text, directory);
  }
}

export const REQUESTS: readonly Attack[] = [
  {
    name: 'odd-targets',
    what: 'absolute targets, `OPTIONS *`, other schemes, no slash, broken escapes',
    allowed: [],
    async run(scene) {
      const host = `Host: localhost:${scene.server.port}\r\n`;
      const expected = async (target: string, ...statuses: number[]) => {
        await expectStatus(
          scene,
          `POST ${target}`,
          `POST ${target} HTTP/1.1\r\n${host}${LENGTH}\r\n${OK}`,
          ...statuses,
        );
      };
      await expected(`http://localhost:${scene.server.port}/graphql`, 200);
      await expected('http://evil.example/graphql', 403);
      await expected('http:///graphql', 400);
      await expected('ftp://localhost/graphql', 400, 403);
      await expected('graphql', 400);
      await expected('//evil.example/graphql', 400, 403, 404);
      await expected('/%', 400, 404);
      await expected('/%2e%2e/%2e%2e/etc/passwd', 400, 404);
      await expected('/graphql/../../package.json', 400, 404);
      await expected(`/graphql?${'a'.repeat(15_000)}`, 200, 400);
      await expectStatus(scene, 'OPTIONS *', `OPTIONS * HTTP/1.1\r\n${host}\r\n`, 200, 204, 400, 404, 405);
      await expectStatus(scene, 'GET *', `GET * HTTP/1.1\r\n${host}\r\n`, 400, 404);
      await expectStatus(scene, 'CONNECT', `CONNECT localhost:1 HTTP/1.1\r\n${host}\r\n`, 400, 404, 405);
      const upgrade = `GET /graphql HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
      await expectStatus(scene, 'an upgrade', upgrade, 200, 400, 404, 406, 426);
    },
  },
  {
    name: 'pages-without-descriptors',
    what: 'GraphiQL and its files, while other clients hold the descriptors',
    allowed: [],
    server: { descriptors: 256 },
    async run(scene) {
      const { server, directory } = scene;
      const connections = await Promise.all(Array.from({ length: 400 }, () => openRaw(server.port)));
      for (let n = 0; n < 5; n += 1) {
        const ask = () => server.send({ method: 'GET', headers: { accept: 'text/html' } });
        const first = await ask();
        // Once more, as a browser does: see `askTwice` of connections.
        const page = first.code === 'closed' ? await ask() : first;
        scene.expect(page.status === 200 || page.status === 503, `GraphiQL: ${page.status ?? page.code}`);
        expectNothingInside(scene.expect, 'GraphiQL', page.text, directory);
      }
      for (const { socket } of connections) socket.destroy();
    },
  },
  {
    name: 'two-hosts',
    what: 'two Host headers, equal or not; none; an empty one; two in one',
    allowed: [],
    async run(scene) {
      const own = `localhost:${scene.server.port}`;
      const expected = (hosts: string, ...statuses: number[]) =>
        expectStatus(
          scene,
          JSON.stringify(hosts),
          `POST /graphql HTTP/1.1\r\n${hosts}${LENGTH}\r\n${OK}`,
          ...statuses,
        );
      await expected(`Host: ${own}\r\nHost: evil.example\r\n`, 400);
      await expected(`Host: evil.example\r\nHost: ${own}\r\n`, 400, 403);
      await expected(`Host: ${own}\r\nHost: ${own}\r\n`, 400);
      await expected(`Host: ${own}, evil.example\r\n`, 400, 403);
      await expected('Host:\r\n', 400, 403);
      await expected('', 400);
      await expected(`Host: ${own}@evil.example\r\n`, 400, 403);
    },
  },
  {
    name: 'foreign-hosts',
    what: 'names of DNS rebinding, other forms of addresses, trailing dots, ports',
    allowed: [],
    async run(scene) {
      const hosts = [
        'evil.example',
        'localhost.evil.example',
        '127.0.0.1.nip.io',
        '[::ffff:7f00:1]',
        '0.0.0.0',
        'localhost%00.evil.example',
      ];
      const requests = Object.fromEntries(hosts.map((host) => [host, { body: OK, headers: { host } }]));
      await expectAnswers(scene, [400, 403], requests);
    },
  },
  {
    name: 'foreign-origins',
    what: 'pages of other sites, with and without a preflight, with `null`, by GET and POST',
    allowed: [],
    async run(scene) {
      const origins = [
        'https://evil.example',
        'null',
        'http://localhost.evil.example',
        'file://',
        'http://127.0.0.1:1',
      ];
      const get = { method: 'GET', path: '/graphql?query={__typename}' };
      await expectAnswers(
        scene,
        [403],
        Object.fromEntries(
          origins.flatMap((origin) => [
            [`POST from ${origin}`, { body: OK, headers: { origin } }],
            [`GET from ${origin}`, { ...get, headers: { origin } }],
          ]),
        ),
      );
      await expectAnswers(scene, [403], {
        'a cross-site POST': { body: OK, headers: { 'sec-fetch-site': 'cross-site' } },
        'a same-site GET': { ...get, headers: { 'sec-fetch-site': 'same-site' } },
      });
      const preflight = await scene.server.send({
        method: 'OPTIONS',
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
      });
      scene.expect(
        preflight.headers['access-control-allow-origin'] === undefined,
        'a preflight of another site is granted',
      );
    },
  },
  {
    name: 'other-content-types',
    what: 'forms, multipart, text, XML, odd charsets; mutations by GET; other methods; batches',
    allowed: [],
    async run(scene) {
      const types = [
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=a',
        'text/plain',
        'application/xml',
        'application/jsonp',
        'json',
        '',
      ];
      await expectAnswers(
        scene,
        [400, 415],
        Object.fromEntries(types.map((type) => [type, { body: OK, headers: { 'content-type': type } }])),
      );
      const methods = ['PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'PURGE'];
      await expectAnswers(
        scene,
        [400, 404, 405, 501],
        Object.fromEntries(methods.map((method) => [method, { method, body: OK }])),
      );
      const mutation = encodeURIComponent('mutation { createSession(input: {}) { __typename } }');
      await expectAnswers(scene, [405], {
        'a mutation by GET': { method: 'GET', path: `/graphql?query=${mutation}` },
      });
      await expectAnswers(scene, [400], { 'a batch': { body: `[${OK},${OK}]` } });
    },
  },
  {
    name: 'smuggled-requests',
    what: 'two lengths, a length and chunks, folded lines, bare line feeds, broken chunks',
    allowed: [],
    async run(scene) {
      const head = `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
      const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n';
      const cases: Record<string, string> = {
        'two lengths': `${head}Content-Length: ${OK.length}\r\nContent-Length: 0\r\n\r\n${OK}`,
        'a length and chunks': `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
        'chunks twice': `${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
        'a folded line': `${head}X-Folded: a\r\n b\r\nContent-Length: ${OK.length}\r\n\r\n${OK}`,
        'bare line feeds': `POST /graphql HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n`,
        'a negative length': `${head}Content-Length: -1\r\n\r\n`,
        'a length of hex': `${head}Content-Length: 0x10\r\n\r\n${OK}`,
        'a broken chunk': `${head}Transfer-Encoding: chunked\r\n\r\nZZ\r\n${OK}\r\n0\r\n\r\n`,
        'a space before the colon': `${head}Content-Length : ${OK.length}\r\n\r\n${OK}`,
        'a NUL in a header': `${head}X-Nul: a\0b\r\nContent-Length: ${OK.length}\r\n\r\n${OK}`,
      };
      for (const [what, bytes] of Object.entries(cases)) await expectStatus(scene, what, bytes, 400);
      await expectStatus(scene, 'large heads', `${head}X-Long: ${'a'.repeat(100_000)}\r\n\r\n`, 431);
      await expectStatus(scene, 'many headers', `${head}${'X-A: 1\r\n'.repeat(5_000)}\r\n`, 400, 431);
    },
  },
  {
    name: 'odd-ids-and-values',
    what: 'ids that are paths, NUL, lone surrogates, devices, numbers beyond 64 bits, 200,000 levels',
    allowed: ['200 InvalidInputError', '400 BAD_REQUEST', '200 BAD_USER_INPUT', '400 BAD_USER_INPUT'],
    async run({ server, got }) {
      const create = 'mutation($i: CreateSessionInput!) { createSession(input: $i) { __typename } }';
      const ids = [
        '..',
        '../../etc/passwd',
        'a/b',
        'a\\b',
        'a\0b',
        'i'.repeat(300),
        'ä',
        '',
        ' ',
        '.hidden',
        'a\nb',
      ];
      for (const id of ids) got(await server.query(create, { i: { id } }));
      got(
        await server.send({ body: bodyOf(create).replace(/}$/, ',"variables":{"i":{"title":"\\ud800"}}}') }),
      );
      const metadata = (json: string) =>
        server.send({ body: `{"query":${JSON.stringify(create)},"variables":{"i":{"metadata":${json}}}}` });
      got(await metadata('{"a":1e999}'));
      got(await metadata(`{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`));
      got(await metadata('{"a":"\\u0000"}'));
      got(await metadata('{"\\ud800":1}'));
    },
  },
  {
    name: 'injected-log-lines',
    what: 'line feeds, escapes and long names in what the log shows of a request',
    allowed: ['400 GRAPHQL_VALIDATION_FAILED', '200 GRAPHQL_VALIDATION_FAILED', '404 NOT_FOUND', '200 ok'],
    async run({ server, got, expect }) {
      got(await server.send({ method: 'GET', path: '/%0a%7b%22level%22:60%7d%1b[31m' }));
      got(await server.query('{ nope(a: "\\n{\\"level\\":60}\\u001b[31m") }'));
      got(await server.query(`query ${'q'.repeat(10_000)} { __typename }`));
      const bad = server.log.filter(
        (line) => !isJson(line) || line.length > 20_000 || line.includes('\u001b'),
      );
      expect(bad.length === 0, `a line of the log: ${bad[0]?.slice(0, 200)}`);
    },
  },
];

function isJson(line: string): boolean {
  try {
    return typeof JSON.parse(line) === 'object';
  } catch {
    return false;
  }
}
