import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, validate } from 'graphql';
import { schema } from '../../src/schema/index.ts';
import { tokensOf } from '../../src/server/auth/tokens.ts';
import { bodyOf } from '../attacks/client.ts';
import { exchange, postBytes } from '../attacks/raw-connection.ts';
import { ServerProcess } from '../attacks/server-process.ts';
import { RandomQuery } from '../execution/random-query.ts';
import { Random } from '../torture/random.ts';
import { owe } from '../torture/undo.ts';
import { Judge } from './judge.ts';
import { mutatedBytes, mutatedJson, mutatedRequest, wrongToken } from './mutate.ts';
import { FuzzSocket, type Received, watchBySse } from './sockets.ts';
import { FuzzUser, tapeOf } from './user.ts';

export interface FuzzOptions {
  readonly seed: number;
  /** Rounds of each lane; the fuzz ends after as many, or once `isOver` says so. */
  readonly rounds: number;
  readonly isOver: () => boolean;
}

export interface Fuzzed {
  /** What was wrong; empty if nothing was. */
  readonly faults: readonly string[];
  /** How many answers of each kind there were. */
  readonly counts: ReadonlyMap<string, number>;
}

const CHANGES =
  'subscription { sessionChanges { cursor changes { kind sessionId formerParentId session { id title } messages { id content } } } }';
const ALL = `{ sessions(first: 1000, orderBy: { field: CREATED_AT, direction: ASC }) { totalCount nodes {
  id key title version historyLength archivedAt parentId metadata history { nodes { id content } }
} } }`;
const CURSORS = `{ store { cursor } sessions(first: 2) { edges { cursor } }
  searchMessages(query: "hello", first: 1) { pageInfo { endCursor } } }`;
/** What random inputs hardly ever hit: the session is `$id`. */
const ON_A_SESSION = [
  'query($id: ID!) { session(id: $id) { title history(first: 2) { nodes { id content } } children { nodes { id } } parent { id } } }',
  'query($id: ID!) { node(id: $id) { id ... on Session { descendants { nodes { id title } } usageReport: rollup { messageCount } } } }',
  'query($id: ID!) { searchMessages(query: "hello", within: $id) { nodes { id snippet { text } } } }',
  'mutation($id: ID!) { appendMessages(input: { sessionId: $id, messages: [{ role: USER, content: "hello" }] }) { __typename } }',
  'mutation($id: ID!) { updateSession(input: { sessionId: $id, status: RUNNING, expectedVersion: 3 }) { __typename ... on Error { message } } }',
  'mutation($id: ID!) { forkSession(input: { sessionId: $id }) { __typename ... on Error { message } } }',
  'mutation($id: ID!) { streamMessage(input: { sessionId: $id, key: "k", delta: "hello" }) { __typename } }',
  'mutation($id: ID!) { truncateHistory(input: { sessionId: $id, dropLast: 1 }) { __typename ... on Error { message } } }',
  'mutation($id: ID!) { spawnSession(input: { parentId: $id, tokenExpiresAt: "2100-01-01T00:00:00Z" }) { __typename } }',
  'subscription($id: ID!) { messageStream(sessionId: $id) { delta message { content } } }',
  'subscription($id: ID!) { sessionChanges(within: $id) { changes { kind sessionId } } }',
];

/**
 * Sends random requests of two users at once to one server, and random bytes and tokens beside them, while subscriptions of both are open.
 * A third user does nothing: nothing of that one may be seen, or change. Rejects only if the fuzz itself fails.
 */
export async function fuzz({ seed, rounds, isOver }: FuzzOptions): Promise<Fuzzed> {
  const parent = mkdtempSync(join(tmpdir(), 'sessiontree-fuzz-'));
  const remove = owe(() => rmSync(parent, { recursive: true, force: true }));
  const directory = join(parent, 'data');
  const server = await ServerProcess.start({ directory, flags: ['--auth', 'token'] });
  try {
    const run = new FuzzRun(server, await usersOf(server, directory), directory, seed);
    const isGoingOn = (round: number) => round < rounds && !isOver() && server.isRunning;
    await run.all(isGoingOn);
    return { faults: run.judge.faults, counts: run.judge.counts };
  } finally {
    server.kill();
    await server.ended;
    remove();
  }
}

async function usersOf(server: ServerProcess, directory: string): Promise<FuzzUser[]> {
  const users: FuzzUser[] = [];
  for (const name of ['ada', 'ben', 'eve']) {
    const { token } = await tokensOf(directory).mint({ userId: name, scope: 'write' });
    const user = new FuzzUser(name, token);
    await user.grow(server);
    users.push(user);
  }
  return users;
}

type IsGoingOn = (round: number) => boolean;

class FuzzRun {
  readonly judge: Judge;
  readonly #server: ServerProcess;
  readonly #users: readonly FuzzUser[];
  readonly #seed: number;
  readonly #cursors = new Map<FuzzUser, string[]>();

  constructor(server: ServerProcess, users: readonly FuzzUser[], directory: string, seed: number) {
    this.#server = server;
    this.#users = users;
    this.#seed = seed;
    this.judge = new Judge(users, directory);
  }

  #random(lane: string): Random {
    let seed = this.#seed;
    for (const character of lane) seed = Math.imul(seed, 31) + character.charCodeAt(0);
    return new Random(seed);
  }

  async all(isGoingOn: IsGoingOn): Promise<void> {
    const server = this.#server;
    const [ada, ben, eve] = this.#users as [FuzzUser, FuzzUser, FuzzUser];
    const before = (await eve.query(server, ALL)).text;
    for (const user of this.#users) await this.#readCursors(user);
    const watches = [ada, ben, eve].flatMap((user) => this.#watch(user));
    await Promise.all([
      ...[ada, ben].flatMap((user) => [
        this.#requests(user, isGoingOn),
        this.#changedRequests(user, isGoingOn),
        this.#overSocket(user, isGoingOn),
      ]),
      this.#bytes(isGoingOn),
      this.#tokens(isGoingOn),
    ]);
    for (const { user, received, sent } of watches) {
      await received.close();
      this.judge.text(sent, user, received.texts.join('\n'));
      if (received.texts.length === 0) this.judge.fault(`${user.name} watched, and was told nothing`);
    }
    if (!server.isRunning) return this.judge.fault(`the server is gone: ${server.errors.slice(-1_000)}`);
    const after = (await eve.query(server, ALL)).text;
    if (after !== before)
      this.judge.fault(`what is eve's has changed: ${before.slice(0, 200)} … ${after.slice(0, 200)}`);
    this.judge.log(server.log.join('\n'));
  }

  #othersOf(user: FuzzUser): readonly FuzzUser[] {
    return this.#users.filter((other) => other !== user);
  }

  async #readCursors(user: FuzzUser): Promise<void> {
    const { text } = await user.query(this.#server, CURSORS);
    this.#cursors.set(
      user,
      [...text.matchAll(/"(?:endC|c)ursor":"([^"]+)"/g)].map(([, cursor]) => cursor!),
    );
  }

  #watch(user: FuzzUser): { user: FuzzUser; received: Received; sent: string }[] {
    const socket = new FuzzSocket(this.#server.port, { token: user.token });
    void socket.acknowledged().then(() => socket.watch({ query: CHANGES }));
    const stream = watchBySse(this.#server.port, user, { query: CHANGES });
    return [socket, stream].map((received) => ({ user, received, sent: CHANGES }));
  }

  /** A random operation, or one on a random session. */
  #operation(user: FuzzUser, random: Random): { readonly query: string; readonly variables: object } {
    const others = this.#othersOf(user);
    if (random.oneIn(3)) {
      const id = random.pick([...user.ids.slice(-12), ...others.flatMap(({ known }) => known)]);
      return { query: random.pick(ON_A_SESSION), variables: { id } };
    }
    const operation = random.oneIn(3) ? 'mutation' : 'query';
    const cursors = [...this.#cursors.values()].flat();
    return new RandomQuery(schema, user.pools(others, cursors, operation), tapeOf(random), operation);
  }

  /** Valid operations. */
  async #requests(user: FuzzUser, isGoingOn: IsGoingOn): Promise<void> {
    const random = this.#random(`requests ${user.name}`);
    for (let round = 0; isGoingOn(round); round += 1) {
      const { query, variables } = this.#operation(user, random);
      if (query.startsWith('subscription') || validate(schema, parse(query)).length > 0) continue;
      const body = bodyOf(query, variables);
      this.judge.answer(body, user, await user.send(this.#server, { body }));
      if (round % 300 !== 299) continue;
      await user.grow(this.#server);
      await this.#readCursors(user);
    }
  }

  /** Requests with something wrong in them. */
  async #changedRequests(user: FuzzUser, isGoingOn: IsGoingOn): Promise<void> {
    const random = this.#random(`changed ${user.name}`);
    for (let round = 0; isGoingOn(round); round += 1) {
      const { query, variables } = this.#operation(user, random);
      const request = mutatedRequest({ query, variables, operationName: null, extensions: {} }, random);
      // A subscription that is valid has no end.
      if (query.startsWith('subscription')) continue;
      const { method = 'POST', path = '', headers = {}, body = '' } = request;
      const sent = `${method} ${path} ${JSON.stringify(headers)} ${String(body)}`;
      this.judge.answer(sent, user, await user.send(this.#server, request));
    }
  }

  /** Operations, and changed messages, on WebSockets. */
  async #overSocket(user: FuzzUser, isGoingOn: IsGoingOn): Promise<void> {
    const random = this.#random(`socket ${user.name}`);
    for (let round = 0; isGoingOn(round); ) {
      const socket = new FuzzSocket(this.#server.port, { Authorization: user.headers.authorization });
      await socket.acknowledged();
      const sent: string[] = [];
      for (let n = 0; n < 20 && isGoingOn(round) && !socket.isClosed; n += 1) {
        round += 1;
        const payload = this.#operation(user, random);
        sent.push(JSON.stringify(payload));
        if (payload.query.startsWith('subscription')) socket.watch(payload);
        else await socket.run(payload);
      }
      const last = { type: 'subscribe', id: 'last', payload: this.#operation(user, random) };
      const bytes = random.oneIn(2)
        ? JSON.stringify(mutatedJson(last, random))
        : mutatedBytes(JSON.stringify(last), random).toString();
      sent.push(bytes);
      socket.raw(random.oneIn(5) ? Buffer.from(bytes) : bytes);
      await socket.run({ query: '{ __typename }' });
      await socket.close();
      this.judge.text(sent.join('\n'), user, socket.texts.join('\n'));
    }
  }

  /** Bytes on sockets: changed requests, and noise. Those with a token are of the first user. */
  async #bytes(isGoingOn: IsGoingOn): Promise<void> {
    const random = this.#random('bytes');
    const [ada] = this.#users as [FuzzUser];
    for (let round = 0; isGoingOn(round); round += 1) {
      const { query, variables } = this.#operation(ada, random);
      if (query.startsWith('subscription')) continue;
      const headers = `Authorization: Bearer ${ada.token}\r\nConnection: close\r\n`;
      const right = postBytes(bodyOf(query, variables), { headers });
      const noise = Buffer.from(Array.from({ length: 1 + random.below(200) }, () => random.below(256)));
      const bytes = (random.oneIn(4) ? noise : mutatedBytes(right, random)).toString('latin1');
      const text = await exchange(this.#server.port, `${bytes}\r\n\r\n`, 300);
      this.judge.text(bytes, ada, text);
      if (/^HTTP\/1\.1 500/m.test(text)) this.judge.fault(`a 500 to ${JSON.stringify(bytes)}: ${text}`);
    }
  }

  /** Tokens that are nobody's, over HTTP and over WebSocket: 401, whatever is asked. */
  async #tokens(isGoingOn: IsGoingOn): Promise<void> {
    const random = this.#random('tokens');
    const valid = this.#users.map(({ token }) => token);
    for (let round = 0; isGoingOn(round); round += 1) {
      const token = wrongToken(valid, random);
      const { query, variables } = this.#operation(random.pick(this.#users), random);
      const scheme = random.pick(['Bearer ', 'bearer  ', 'Basic ', 'Token ', '']);
      const authorization = `${scheme}${token}`;
      const body = random.oneIn(3) ? 'no JSON' : bodyOf(query, variables);
      const answer = await this.#server.send({ body, headers: { authorization } });
      this.judge.answer(`${authorization} ${body}`, null, answer);
      if (answer.status !== 401 || answer.code !== 'UNAUTHENTICATED')
        this.judge.fault(`${answer.status} ${answer.code} to "${authorization}", which is no token`);
      if (!random.oneIn(5)) continue;
      const socket = new FuzzSocket(
        this.#server.port,
        random.pick<unknown>([{ token }, { authorization }, null, 1]),
      );
      await socket.acknowledged();
      if (!socket.isClosed) this.judge.fault(`"${token}", which is no token, lets a WebSocket in`);
      await socket.close();
    }
  }
}
