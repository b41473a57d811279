import type { Attack, Scene } from '../attack.ts';
import { bulkOf, MB, messagesOf } from '../store-writer.ts';
import { aliased } from './answers.ts';

/* Keys that clients choose, of sessions and of messages, and writes that find what is there by them. */

/** `fields` are of the payload. */
const writeOf = (fields: string) =>
  `mutation($input: WriteHistoryInput!) { writeHistory(input: $input) { __typename ... on WriteHistoryPayload { ${fields} } } }`;
const WRITE = writeOf('isNew session { id }');
const SESSION = 'query($key: String!) { session(key: $key) { id key } }';

interface Stored {
  readonly version: number;
  readonly historyLength: number;
}

async function storedOf({ server }: Scene, id: string): Promise<Stored> {
  const { session } = await server.read<{ session: Stored }>(
    'query($id: ID!) { session(id: $id) { version historyLength } }',
    { id },
  );
  return session;
}

/** The first characters of each of the messages of a session, as one text where all are the same. */
async function beginningsOf({ server }: Scene, id: string): Promise<Set<string>> {
  const { session } = await server.read<{ session: { history: { nodes: { content: string }[] } } }>(
    'query($id: ID!) { session(id: $id) { history(first: 1000) { nodes { content(maxLength: 8) } } } }',
    { id },
  );
  return new Set(session.history.nodes.map(({ content }) => content));
}

const keyed = (count: number, content: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => ({ role: 'USER' as const, key: `m${n}`, content: content(n) }));

/** The longest key: 1 KiB. */
const longKey = (n: number) => `many/${n}/`.padEnd(1_024, 'k');

/** Each is another session's key, and nobody's pattern, path, member or statement. */
const HOSTILE_KEYS = [
  '%',
  '_%',
  '*',
  '\\',
  "'; DROP TABLE sessions; --",
  '"',
  '__proto__',
  'constructor',
  '../../store.jsonl',
  ' ',
  '\u202e',
  '\ud83d\ude00',
  '\uffff',
  'é',
  'e\u0301',
  '\n{"seq":1}',
  '{"and":[null]}',
];

/** No text, too much of it, or none that all stores can keep. */
const REFUSED_KEYS = ['', 'k'.repeat(1_025), 'é'.repeat(513), 'a\u0000b', '\ud83d'];

export const KEYS: readonly Attack[] = [
  {
    name: 'keys-under-one-prefix',
    what: 'very many keys of 1 KiB under one prefix, listed and counted by it, and by each of its lengths',
    allowed: ['200 ok'],
    fill(store, pick) {
      for (let n = 0; n < pick(300, 20_000); n += 1)
        store.session({ id: `keys-under-one-prefix-${n}`, key: longKey(n) });
    },
    async run({ server, got, pick }) {
      const list = (prefix: string, n: number) =>
        `p${n}: sessions(first: 20, filter: { keyPrefix: "${prefix}" }) { totalCount nodes { id key } }`;
      const prefixes = Array.from({ length: pick(5, 40) }, (_, n) => longKey(1).slice(0, n + 1));
      const all = `{ ${prefixes.map(list).join(' ')} }`;
      const page = `{ ${list('many/', 0).replace('first: 20', 'first: 1000')} }`;
      for (const answer of await Promise.all([all, page, all, page].map((each) => server.query(each))))
        got(answer);
    },
  },
  {
    name: 'hostile-keys',
    what: 'sessions named by patterns, paths, statements, members of objects; NUL, half characters, too long a text',
    allowed: ['200 ok', '200 InvalidInputError'],
    async run({ server, got, expect }) {
      const ids = new Map<string, string>();
      for (const key of HOSTILE_KEYS) {
        const answer = await server.query(WRITE, { input: { key, create: {} } });
        got(answer);
        expect(answer.code === 'ok', `${JSON.stringify(key)}: ${answer.code}`);
        const { data } = JSON.parse(answer.text) as { data: { writeHistory: { session: { id: string } } } };
        ids.set(key, data.writeHistory.session.id);
      }
      for (const key of REFUSED_KEYS) {
        const answer = await server.query(WRITE, { input: { key, create: {} } });
        got(answer);
        expect(answer.code === 'InvalidInputError', `${JSON.stringify(key.slice(0, 9))}: ${answer.code}`);
      }
      expect(new Set(ids.values()).size === HOSTILE_KEYS.length, 'two keys lead to one session');
      for (const [key, id] of ids) {
        const found = await server.read<{ session: { id: string; key: string } | null }>(SESSION, { key });
        expect(found.session?.id === id && found.session.key === key, `the key ${JSON.stringify(key)}`);
      }
      const { sessions } = await server.read<{ sessions: { nodes: { key: string }[] } }>(
        '{ sessions(filter: { keyPrefix: "%" }) { nodes { key } } }',
      );
      expect(sessions.nodes.map(({ key }) => key).join() === '%', 'a prefix was taken for a pattern');
    },
  },
  {
    name: 'one-key-at-once',
    what: 'very many clients that find or create a session by one key, and append to it, at once',
    allowed: ['200 ok', '503 OVERLOADED'],
    async run(scene) {
      const { server, got, expect, pick } = scene;
      const writes = Array.from({ length: pick(100, 1_000) }, (_, n) => ({
        input: {
          key: 'one-key-at-once',
          create: {},
          messages: [{ role: 'USER', key: `m${n}`, content: `${n}` }],
          operationId: `one-key-at-once-${n}`,
        },
      }));
      const answers = await Promise.all(writes.map((variables) => server.query(WRITE, variables)));
      for (const answer of answers) got(answer);
      const written = answers.filter(({ code }) => code === 'ok');
      const results = written.map(({ text }) => JSON.parse(text).data.writeHistory);
      const ids = new Set(results.map(({ session }) => session.id as string));
      expect(ids.size === 1, `${ids.size} sessions have the key`);
      expect(
        results.filter(({ isNew }) => isNew).length === 1,
        'not exactly one client was told that it is new',
      );
      for (const id of ids) {
        const { historyLength } = await storedOf(scene, id);
        expect(historyLength === written.length, `${historyLength} messages of ${written.length} writes`);
      }
    },
  },
  {
    name: 'messages-by-many-keys',
    what: 'messagesByKey of 1,000 keys of large messages, of one key 1,000 times, of more keys than allowed',
    allowed: ['200 BUDGET_EXCEEDED', '200 BAD_USER_INPUT'],
    fill: (store, pick) =>
      store.session(
        { id: 'messages-by-many-keys' },
        [...messagesOf(pick(100, 1_000), pick(MB / 64, MB / 8))].map((message, n) => ({
          ...message,
          key: `m${n}`,
        })),
      ),
    async run({ server, got, expect }) {
      const ask = (field: string, keys: readonly string[]) =>
        server.query(
          `query($keys: [String!]!) { session(id: "messages-by-many-keys") { messagesByKey(keys: $keys) { ${field} } } }`,
          { keys },
        );
      const keys = Array.from({ length: 1_000 }, (_, n) => `m${n}`);
      got(await ask(aliased('content'), keys));
      got(
        await ask(
          aliased('content'),
          Array.from(keys, () => 'm0'),
        ),
      );
      const tooMany = await ask('id', [...keys, 'm1000']);
      got(tooMany);
      expect(tooMany.code === 'BAD_USER_INPUT', `1,001 keys: ${tooMany.code}`);
    },
  },
  {
    name: 'replacing-all-at-once',
    what: 'clients that each replace all of 1,000 messages, at once',
    allowed: ['200 ok', '503 OVERLOADED'],
    fill: (store) =>
      store.session(
        { id: 'replacing-all-at-once' },
        keyed(1_000, () => 'the first form'),
      ),
    hasLargeBodies: true,
    async run(scene) {
      const { server, got, expect, pick } = scene;
      const sessionId = 'replacing-all-at-once';
      const before = await storedOf(scene, sessionId);
      const forms = Array.from({ length: pick(3, 8) }, (_, client) => {
        const messages = keyed(1_000, (n) => `form ${client}, ${n}`.padEnd(pick(100, 25_000), '.'));
        return { input: { sessionId, messages, onKey: 'REPLACE' } };
      });
      const answers = await Promise.all(forms.map((variables) => server.query(WRITE, variables)));
      for (const answer of answers) got(answer);
      const beginnings = await beginningsOf(scene, sessionId);
      expect(beginnings.size === 1, `messages of ${[...beginnings].join(' and ')} stand in one history`);
      const after = await storedOf(scene, sessionId);
      const written = answers.filter(({ code }) => code === 'ok').length;
      expect(after.version === before.version + written, `version ${after.version} after ${written} writes`);
      expect(after.historyLength === 1_000, `${after.historyLength} messages`);
    },
  },
  {
    name: 'ignored-large-messages',
    what: 'small writes, with IGNORE, that ask for the large messages that are there: nothing of them is done',
    allowed: ['200 InvalidInputError', '503 OVERLOADED'],
    fill: (store, pick) =>
      store.session(
        { id: 'ignored-large-messages' },
        [...bulkOf(pick(2, 80), MB)].map((message, n) => ({ ...message, key: `m${n}` })),
      ),
    async run(scene) {
      const { server, got, expect, pick } = scene;
      const sessionId = 'ignored-large-messages';
      const before = await storedOf(scene, sessionId);
      const messages = [...keyed(pick(2, 80), () => ''), { role: 'USER', content: 'new' }];
      const write = (field: string, input: object) =>
        server.query(writeOf(`messages { ${field} }`), {
          input: { sessionId, messages, onKey: 'IGNORE', ...input },
        });
      const fields = pick([aliased('content')], ['content', aliased('content')]);
      const answers = await Promise.all(
        fields.flatMap((field) => [
          write(field, {}),
          write(field, { title: 'changed', operationId: sessionId }),
        ]),
      );
      for (const answer of answers) got(answer);
      const after = await storedOf(scene, sessionId);
      expect(
        after.version === before.version && after.historyLength === before.historyLength,
        `version ${after.version} with ${after.historyLength} messages, though every write was refused`,
      );
    },
  },
];
