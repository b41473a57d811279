import { once } from 'node:events';
import { OpencodeDirectory, type OpencodeSession } from '../peers/opencode/api.ts';
import { opencode } from '../peers/opencode.ts';
import type { HttpRequest } from '../peers/peer.ts';
import type { Memory } from '../process/memory.ts';
import { type Started, start } from '../process/start.ts';
import type { Contender, RunningServer } from './contender.ts';
import { contentOf } from './marker.ts';
import { graphqlSubscription } from './subscription.ts';
import { Writer } from './writer.ts';

/** Sessions beneath the root of the tree. */
const SESSIONS = 100;
const ROOT = 'root';

const sessionOf = (change: number) => `session-${change % SESSIONS}`;

function post(query: string, variables: object): HttpRequest {
  return {
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  };
}

const SESSION_FIELDS = 'session { id version messageCount lastActiveAt }';
const MESSAGE_FIELDS = 'id role content createdAt';

const SPAWN = `mutation ($input: SpawnSessionInput!) { spawnSession(input: $input) { ... on SpawnSessionPayload { session { id } } } }`;
const CREATE = `mutation ($input: CreateSessionInput!) { createSession(input: $input) { ... on CreateSessionPayload { session { id } } } }`;
const APPEND = `mutation ($input: AppendMessagesInput!) {
  appendMessages(input: $input) { __typename ... on AppendMessagesPayload { session { version } } }
}`;
const WATCH = `subscription ($within: ID) { sessionChanges(within: $within) {
  cursor isUpToDate isReset changes { kind ${SESSION_FIELDS} messages(first: 50) { ${MESSAGE_FIELDS} } }
} }`;

async function startSessiontree(directory: string): Promise<RunningServer> {
  const server = await startNode('process/serve.ts', directory);
  const url = new URL(server.url).origin;
  const writer = new Writer(url, () => post(CREATE, {}));
  await writer.send(post(CREATE, { input: { id: ROOT } }));
  for (let n = 0; n < SESSIONS; n += 1)
    await writer.send(post(SPAWN, { input: { parentId: ROOT, id: sessionOf(n) } }));
  writer.close();
  return {
    ...server,
    url,
    changeOf: (change) =>
      post(APPEND, {
        input: {
          sessionId: sessionOf(change),
          messages: [{ role: 'ASSISTANT', content: contentOf(change) }],
        },
      }),
    subscription: (transport) =>
      graphqlSubscription(transport, url, { query: WATCH, variables: { within: ROOT } }),
  };
}

async function startNaive(directory: string): Promise<RunningServer> {
  const server = await startNode('live/naive.ts', directory);
  const append =
    'mutation ($sessionId: ID!, $content: String!) { append(sessionId: $sessionId, content: $content) { version } }';
  const query = `subscription { sessionChanged { kind ${SESSION_FIELDS} messages { ${MESSAGE_FIELDS} } } }`;
  return {
    ...server,
    changeOf: (change) => post(append, { sessionId: sessionOf(change), content: contentOf(change) }),
    subscription: (transport) => graphqlSubscription(transport, server.url, { query }),
  };
}

/** Its sessions are created over HTTP, in their own directory. */
async function startOpencode(directory: string): Promise<RunningServer> {
  const { url, pid, stop } = await opencode.start(directory);
  const api = new OpencodeDirectory(directory);
  const writer = new Writer(url, () => api.sessions());
  const create = async (parent?: string) =>
    (JSON.parse(await writer.send(api.create('A session', parent))) as OpencodeSession).id;
  const root = await create();
  const ids: string[] = [];
  for (let n = 0; n < SESSIONS; n += 1) ids.push(await create(root));
  writer.close();
  return {
    url,
    pid,
    stop,
    changeOf: (change) => api.send(ids[change % SESSIONS]!, contentOf(change)),
    subscription: () => ({ transport: 'sse', url, method: 'GET', path: api.events().path, body: '' }),
    memory: async () => null,
    subscriptions: async () => null,
  };
}

type NodeServer = Pick<RunningServer, 'url' | 'pid' | 'memory' | 'subscriptions' | 'stop'>;

async function startNode(script: string, directory: string): Promise<NodeServer> {
  const server = await start<{ readonly url: string }>(script, directory, { execArgv: ['--expose-gc'] });
  return {
    url: server.message.url,
    pid: server.child.pid!,
    memory: async () => (await ask<{ memory: Memory }>(server, 'memory')).memory,
    subscriptions: async () => (await ask<{ subscriptions: number }>(server, 'subscriptions')).subscriptions,
    stop: server.stop,
  };
}

async function ask<Answer>({ child }: Started<unknown>, question: string): Promise<Answer> {
  const answered = once(child, 'message') as Promise<[Answer]>;
  child.send(question);
  const [answer] = await answered;
  return answer;
}

export const ALL: readonly Contender[] = [
  { name: 'sse', transport: 'sse', start: startSessiontree },
  { name: 'websocket', transport: 'websocket', start: startSessiontree },
  { name: 'yoga', transport: 'sse', start: startNaive },
  { name: 'graphql-ws', transport: 'websocket', start: startNaive },
  { name: 'opencode', transport: 'sse', start: startOpencode },
];
