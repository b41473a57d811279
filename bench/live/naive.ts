import { EventEmitter, on } from 'node:events';
import { createServer } from 'node:http';
import { useServer } from 'graphql-ws/use/ws';
import { createSchema, createYoga } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { listen } from '../contenders/listen.ts';
import { memory } from '../process/memory.ts';

/**
 * Publish/subscribe as its users write it at first: an emitter in memory, behind Yoga for server-sent events and behind graphql-ws for
 * WebSocket. It stores nothing on a disk. Not Yoga's `createPubSub`: a subscriber that does not read ends its process.
 */
interface Session {
  readonly id: string;
  version: number;
  messageCount: number;
  lastActiveAt: string;
}

const sessions = new Map<string, Session>();
const emitter = new EventEmitter().setMaxListeners(0);
const CHANGE = 'change';

const schema = createSchema({
  typeDefs: /* GraphQL */ `
    type Session { id: ID! version: Int! messageCount: Int! lastActiveAt: String! }
    type Message { id: ID! role: String! content: String! createdAt: String! }
    type SessionChange { kind: String! session: Session! messages: [Message!]! }
    type Query { session(id: ID!): Session }
    type Mutation { append(sessionId: ID!, content: String!): Session! }
    type Subscription { sessionChanged: SessionChange! }
  `,
  resolvers: {
    Query: { session: (_root: unknown, { id }: { id: string }) => sessions.get(id) },
    Mutation: {
      append(_root: unknown, { sessionId, content }: { sessionId: string; content: string }) {
        const lastActiveAt = new Date().toISOString();
        const session = sessions.get(sessionId) ?? {
          id: sessionId,
          version: 0,
          messageCount: 0,
          lastActiveAt,
        };
        session.version += 1;
        session.messageCount += 1;
        session.lastActiveAt = lastActiveAt;
        sessions.set(sessionId, session);
        const id = `${sessionId}:${session.messageCount}`;
        const message = { id, role: 'ASSISTANT', content, createdAt: lastActiveAt };
        emitter.emit(CHANGE, { kind: 'APPENDED', session: { ...session }, messages: [message] });
        return session;
      },
    },
    Subscription: {
      sessionChanged: {
        subscribe: () => on(emitter, CHANGE),
        resolve: ([change]: [object]) => change,
      },
    },
  },
});

const server = createServer(createYoga({ schema, logging: false }));
const webSockets = new WebSocketServer({ server, path: '/graphql' });
useServer({ schema }, webSockets);

process.on('message', (message: 'memory' | 'subscriptions') => {
  if (message === 'memory') process.send!({ memory: memory() });
  else process.send!({ subscriptions: emitter.listenerCount(CHANGE) });
});

await listen(server, async () => webSockets.close());
