import type { Attack } from '../attack.ts';
import { MB } from '../store-writer.ts';

/* What agents say just now is kept in memory: drafts that nobody ends. Each ends by itself after a minute. */

const STREAM = 'mutation($input: StreamMessageInput!) { streamMessage(input: $input) { __typename } }';

/** Many parts in one request: the most mutations that a request may have. */
const PARTS_A_REQUEST = 100;

const partsOf = (sessionId: string, keys: readonly string[]) =>
  `mutation { ${keys
    .map(
      (key, n) =>
        `p${n}: streamMessage(input: { sessionId: "${sessionId}", key: "${key}", delta: "x" }) { __typename }`,
    )
    .join(' ')} }`;

const refused = 'StorageError';

export const DRAFTS: readonly Attack[] = [
  // The first one: what the others leave of drafts lasts for a minute, in which there is no room for another.
  {
    name: 'chunked-draft',
    what: 'a draft of very many small chunks, said again and again as a whole',
    allowed: ['200 ok', '200 InvalidInputError', `200 ${refused}`],
    fill: (store) => store.session({ id: 'chunked-draft' }),
    async run({ server, got, expect, pick }) {
      const chunks = Array.from({ length: 10_000 }, (_, n) => ({ n }));
      const input = { sessionId: 'chunked-draft', key: 'k', content: 'x', chunks };
      const first = await server.query(STREAM, { input });
      got(first);
      expect(first.code === 'ok', 'there was no room for the draft: nothing was said again');
      for (let n = 1; n < pick(5, 100); n += 1) got(await server.query(STREAM, { input }));
    },
  },
  {
    name: 'large-drafts',
    what: 'drafts of 1 MB, each with another key, until far more are refused than fit',
    allowed: ['200 ok', `200 ${refused}`],
    fill: (store) => store.session({ id: 'large-drafts' }),
    hasLargeBodies: true,
    async run({ server, got, expect, pick }) {
      const delta = 'd'.repeat(MB - 1);
      let last = '';
      for (let n = 0; n < pick(80, 400); n += 1) {
        const answer = await server.query(STREAM, {
          input: { sessionId: 'large-drafts', key: `k${n}`, delta },
        });
        got(answer);
        last = answer.code;
      }
      expect(last === refused, `expected the last draft to find no room, got ${last}`);
    },
  },
  {
    name: 'many-drafts',
    what: 'drafts of a word, each with another key, in requests of 100',
    allowed: ['200 ok', `200 ${refused}`],
    fill: (store) => store.session({ id: 'many-drafts' }),
    async run({ server, got, expect, pick }) {
      const requests = pick(12, 500);
      let last = '';
      for (let n = 0; n < requests; n += 1) {
        const keys = Array.from({ length: PARTS_A_REQUEST }, (_, part) => `k${n}-${part}`);
        const answer = await server.query(partsOf('many-drafts', keys));
        got(answer);
        last = answer.text;
      }
      expect(last.includes(refused), `expected the last drafts to find no room, got ${last.slice(0, 100)}`);
    },
  },
];
