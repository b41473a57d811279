import type { Attack } from '../attack.ts';
import { bulkOf, MB, messagesOf } from '../store-writer.ts';

/* Small requests for large answers. What an answer holds is charged by response key, so that an alias costs what it adds. */

/** The most aliases that a document may have. */
const ALIASES = 100;

/** `a0: field a1: field …`, with names of `length` characters. */
export function aliased(field: string, count = ALIASES, length = 0): string {
  return Array.from({ length: count }, (_, n) => `${`a${n}_`.padEnd(length, 'a')}: ${field}`).join(' ');
}

/** As many empty lists as fit into so many bytes of JSON. */
const emptyLists = (bytes: number) => Array.from({ length: bytes / 3 }, () => []);

const DENSE = { role: 'TOOL', content: '', payload: emptyLists(MB) } as const;

const repeated = (id: string, count: number) => Array.from({ length: count }, () => id);

export const ANSWERS: readonly Attack[] = [
  {
    name: 'text-by-aliases',
    what: '100 aliases of `content` over messages of 1 MB, in 1.2 KB; four at once',
    allowed: ['200 BUDGET_EXCEEDED', '503 OVERLOADED'],
    fill: (store, pick) => store.session({ id: 'text-by-aliases' }, bulkOf(pick(2, 60), MB)),
    async run({ server, got, pick }) {
      const document = `{ session(id: "text-by-aliases") { history(first: ${pick(2, 5)}) { nodes { ${aliased('content')} } } } }`;
      const answers = await Promise.all(repeated(document, pick(1, 4)).map((one) => server.query(one)));
      for (const answer of answers) got(answer);
    },
  },
  {
    name: 'payload-by-aliases',
    what: '100 aliases of `payload` over payloads of 12 MB',
    allowed: ['200 BUDGET_EXCEEDED'],
    fill: (store) =>
      store.session({ id: 'payload-by-aliases' }, [
        { role: 'TOOL', content: '', payload: { text: 'p'.repeat(12 * MB - 100) } },
      ]),
    async run({ server, got }) {
      got(
        await server.query(
          `{ session(id: "payload-by-aliases") { history { nodes { ${aliased('payload')} } } } }`,
        ),
      );
    },
  },
  {
    name: 'metadata-by-aliases',
    what: '100 aliases of `metadata`, and of one `metadataValue`, over metadata of 250 KB',
    allowed: ['200 BUDGET_EXCEEDED'],
    fill: (store) => store.children('metadata-by-aliases', 12, { metadata: { text: 'm'.repeat(250_000) } }),
    async run({ server, got }) {
      for (const field of ['metadata', 'metadataValue(key: "text")'])
        got(
          await server.query(
            `{ session(id: "metadata-by-aliases") { children { nodes { ${aliased(field)} } } } }`,
          ),
        );
    },
  },
  {
    name: 'dense-metadata',
    what: 'metadata of 250 KB of empty lists, which take twenty times their text once they are parsed; four at once',
    allowed: ['200 BUDGET_EXCEEDED', '503 OVERLOADED'],
    fill: (store, pick) =>
      store.children('dense-metadata', pick(100, 250), { metadata: { lists: emptyLists(250_000) } }),
    async run({ server, got }) {
      const list = '{ session(id: "dense-metadata") { children(first: 250) { nodes { metadata } } } }';
      for (const answer of await Promise.all(repeated(list, 4).map((one) => server.query(one)))) got(answer);
    },
  },
  {
    name: 'dense-payloads',
    what: 'payloads of 1 MB of empty lists: pages of many, and very many messages by their ids, at once',
    allowed: ['200 ok', '200 BUDGET_EXCEEDED', '503 OVERLOADED'],
    fill(store, pick) {
      const messages = Array.from({ length: pick(20, 60) }, () => DENSE);
      store.session({ id: 'dense-payloads' }, messages);
      for (let n = 0; n < pick(20, 50); n += 1) store.session({ id: `dense-payloads-${n}` }, [DENSE]);
    },
    async run({ server, got, pick }) {
      const page = (from: string) =>
        `{ session(id: "dense-payloads") { history(${from}: 60) { nodes { payload } } } }`;
      const one = (n: number) => `{ session(id: "dense-payloads-${n}") { history { nodes { payload } } } }`;
      const requests = [
        page('first'),
        page('last'),
        ...Array.from({ length: pick(20, 50) }, (_, n) => one(n)),
      ];
      for (const answer of await Promise.all(requests.map((request) => server.query(request)))) got(answer);
    },
  },
  {
    name: 'lists-of-large-metadata',
    what: 'the ids of very many sessions whose metadata has 250 KB each, in many lists at once',
    allowed: ['200 ok'],
    fill: (store, pick) =>
      store.children('lists-of-large-metadata', pick(150, 2_000), {
        metadata: { text: 'm'.repeat(250_000) },
      }),
    async run({ server, got, pick }) {
      const page = (n: number) => `p${n}: descendants(first: ${pick(100, 1_950) + n}) { nodes { id } }`;
      const pages = Array.from({ length: pick(20, 25) }, (_, n) => page(n)).join(' ');
      const list = `{ session(id: "lists-of-large-metadata") { ${pages} } }`;
      for (const answer of await Promise.all(repeated(list, 2).map((one) => server.query(one)))) got(answer);
    },
  },
  {
    name: 'titles-by-aliases',
    what: '100 aliases of `title` over titles of 500 characters',
    allowed: ['200 BUDGET_EXCEEDED'],
    fill: (store, pick) =>
      store.children('titles-by-aliases', pick(3_000, 10_000), { title: 't'.repeat(500) }),
    async run({ server, got, pick }) {
      got(
        await server.query(
          `{ session(id: "titles-by-aliases") { descendants(first: ${pick(3_000, 10_000)}) { nodes { ${aliased('title')} } } } }`,
        ),
      );
    },
  },
  {
    name: 'long-aliases',
    what: '100 aliases of 1,000 characters each, on each of many sessions',
    allowed: ['200 BUDGET_EXCEEDED'],
    fill: (store, pick) => store.children('long-aliases', pick(1_500, 10_000)),
    async run({ server, got, pick }) {
      got(
        await server.query(
          `{ session(id: "long-aliases") { descendants(first: ${pick(1_500, 10_000)}) { nodes { ${aliased('version', ALIASES, 1_000)} } } } }`,
        ),
      );
    },
  },
  {
    name: 'one-message-often',
    what: 'a message of 1 MB, a thousand times in `nodes`',
    allowed: ['200 BUDGET_EXCEEDED'],
    fill: (store) => store.session({ id: 'one-message-often' }, bulkOf(1, MB)),
    async run({ server, got }) {
      const ids = repeated('one-message-often:0', 1_000);
      got(
        await server.query('query($ids: [ID!]!) { nodes(ids: $ids) { ... on Message { content } } }', {
          ids,
        }),
      );
    },
  },
  {
    name: 'damage-by-aliases',
    what: 'the `damage` of a file with thousands of damaged lines, a hundred times under 50 aliases',
    allowed: ['200 BUDGET_EXCEEDED'],
    fill(store, pick) {
      store.session({ id: 'damage-by-aliases' });
      store.damage('damage-by-aliases', pick(1_000, 20_000));
    },
    async run({ server, got }) {
      const ids = repeated('damage-by-aliases', 100);
      const document = `query($ids: [ID!]!) { nodes(ids: $ids) { ... on Session { ${aliased('damage { line reason }', 50)} } } }`;
      got(await server.query(document, { ids }));
    },
  },
  {
    name: 'many-errors',
    what: 'a cursor of another tree, refused on each of 1,000 sessions under long aliases',
    allowed: ['200 BUDGET_EXCEEDED', '200 BAD_USER_INPUT', '400 BAD_USER_INPUT'],
    fill: (store) => {
      store.children('many-errors', 1_000);
      store.children('many-errors-other', 3);
    },
    growthMb: 350,
    async run({ server, got, expect }) {
      const { session } = await server.read<{
        session: { descendants: { pageInfo: { endCursor: string } } };
      }>('{ session(id: "many-errors-other") { descendants { pageInfo { endCursor } } } }');
      const cursor = session.descendants.pageInfo.endCursor;
      const refused = aliased(`descendants(after: "${cursor}") { pageInfo { endCursor } }`, 50, 500);
      const answer = await server.query(
        `{ session(id: "many-errors") { children(first: 1000) { nodes { ${refused} } } } }`,
      );
      got(answer);
      expect(answer.bytes < 64 * MB, `the refusal has ${answer.bytes} bytes`);
    },
  },
  {
    name: 'answer-of-a-mutation',
    what: '100 aliases of `content` in the answer of an append of 1 MB',
    allowed: ['200 BUDGET_EXCEEDED'],
    fill: (store) => store.session({ id: 'answer-of-a-mutation' }),
    async run({ server, got, expect }) {
      const messages = [{ role: 'USER', content: 'm'.repeat(MB) }];
      got(
        await server.query(
          `mutation($input: AppendMessagesInput!) { appendMessages(input: $input) { ... on AppendMessagesPayload { messages { ${aliased('content')} } } } }`,
          { input: { sessionId: 'answer-of-a-mutation', messages } },
        ),
      );
      const { session } = await server.read<{ session: { historyLength: number } }>(
        '{ session(id: "answer-of-a-mutation") { historyLength } }',
      );
      expect(session.historyLength <= 1, 'the append was executed twice');
    },
  },
  {
    name: 'removed-by-aliases',
    what: '30 dry runs of a rollback, each with all that it would drop',
    allowed: ['200 ok', '200 BUDGET_EXCEEDED', '200 BAD_USER_INPUT', '400 BAD_USER_INPUT'],
    fill: (store) => store.session({ id: 'removed-by-aliases' }, bulkOf(4, MB)),
    async run({ server, got, expect }) {
      const rollback =
        'truncateHistory(input: { sessionId: "removed-by-aliases", keep: 0, dryRun: true }) { ... on TruncateHistoryPayload { removed { content } } }';
      const answer = await server.query(`mutation { ${aliased(rollback, 30)} }`);
      got(answer);
      expect(answer.bytes < 100 * MB, `an answer of ${answer.bytes} bytes`);
    },
  },
  {
    name: 'introspection-by-aliases',
    what: '20 aliases of the whole schema, with every description',
    allowed: ['200 ok', '200 BUDGET_EXCEEDED'],
    growthMb: 350,
    async run({ server, got }) {
      const schema =
        '__schema { types { name description fields { name description args { name description type { name ofType { name } } } type { name } } inputFields { name description } enumValues { name description } } }';
      got(await server.query(`{ ${aliased(schema, 20)} }`));
    },
  },
  {
    name: 'parents-of-children',
    what: '`children { parent { children { parent …`, to a depth of 4 and 8',
    allowed: ['200 BUDGET_EXCEEDED'],
    fill: (store) => store.children('parents-of-children', 50),
    async run({ server, got }) {
      for (const depth of [4, 8]) {
        let fields = 'id';
        for (let n = 0; n < depth; n += 1)
          fields = `children(first: 50) { nodes { id parent { ${fields} } } }`;
        got(await server.query(`{ session(id: "parents-of-children") { ${fields} } }`));
      }
    },
  },
  {
    name: 'sessions-of-messages',
    what: '`history { session { history { session …`',
    allowed: ['200 BUDGET_EXCEEDED'],
    fill: (store) => store.session({ id: 'sessions-of-messages' }, messagesOf(40, 20)),
    async run({ server, got }) {
      let fields = 'id';
      for (let n = 0; n < 6; n += 1) fields = `history { nodes { session { ${fields} } } }`;
      got(await server.query(`{ session(id: "sessions-of-messages") { ${fields} } }`));
    },
  },
];
