import { GraphQLScalarType } from 'graphql';
import type { IResolvers } from 'mercurius';
import { ClientError } from '../../../src/model/errors.ts';
import { messageId } from '../../../src/model/id.ts';
import { checkInput, inputRules } from '../../../src/model/input.ts';
import type { Limits } from '../../../src/model/limits.ts';
import type { Message } from '../../../src/model/message.ts';
import type { Session, SessionFilter, SessionOrder } from '../../../src/model/session.ts';
import type { ListKey } from '../../../src/repository/reads.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { connection, connectionResolvers, type PageArguments, pageRequest } from './connection.ts';

const LATEST_FIRST: SessionOrder = { field: 'LAST_ACTIVE_AT', direction: 'DESC' };

interface ListArguments extends PageArguments {
  readonly filter?: SessionFilter | null;
  readonly orderBy?: SessionOrder | null;
}

/** The part of the schema that the cases need, made complete. */
export function resolversOf(repository: SessionRepository, limits: Limits): IResolvers {
  const rules = inputRules(limits);
  const member = { resolveType: ({ __typename }: { __typename: string }) => __typename };
  return {
    DateTime: new GraphQLScalarType<Date, string>({
      name: 'DateTime',
      serialize: (time) => (time as Date).toISOString(),
      parseValue: (text) => new Date(text as string),
    }),
    Node: { resolveType: (value: object) => ('ordinal' in value ? 'Message' : 'Session') },
    Error: member,
    SendMessageResult: member,
    SpawnSessionResult: member,
    SessionConnection: connectionResolvers,
    MessageConnection: connectionResolvers,
    Message: {
      id: (message: Message) => messageId(message),
      session: async ({ sessionId }: Message) => (await repository.findMany([sessionId]))[0],
    },
    Session: {
      ancestors: async ({ id }: Session) => (await repository.ancestorsOf([id]))[0],
    },
    Query: {
      session: async (_root: unknown, { id }: { id: string }) => (await repository.findMany([id]))[0],
      nodes: (_root: unknown, { ids }: { ids: string[] }) => repository.findMany(ids),
      async sessions(_root: unknown, { filter, orderBy, ...page }: ListArguments) {
        const order = orderBy ?? LATEST_FIRST;
        const request = pageRequest<ListKey>(page, limits.pageSize);
        const found = await repository.list(filter ?? {}, order, request);
        const time = order.field === 'CREATED_AT' ? 'createdAt' : 'lastActiveAt';
        return connection(found, request, (session) => ({
          time: session[time].getTime(),
          sequence: session.sequence,
        }));
      },
    },
    Mutation: {
      sendMessage: (_root: unknown, { input }: { input: object }) =>
        answer('SendMessagePayload', () => {
          const { sessionId, message, response, usage, expectedVersion } = checkInput(rules.send, input);
          return repository.append({
            sessionId,
            messages: [
              { role: 'USER', content: message },
              { role: 'ASSISTANT', content: response, usage },
            ],
            expectedVersion,
          });
        }),
      spawnSession: (_root: unknown, { input }: { input: object }) =>
        answer('SpawnSessionPayload', async () => {
          const { operationId: _, ...spawn } = checkInput(rules.spawn, input);
          const session = await repository.create(spawn);
          const [parent] = await repository.findMany([spawn.parentId]);
          return { session, parent };
        }),
    },
  } as unknown as IResolvers;
}

/** The payload that `write` resolves with, or the typed error that it rejects with. */
async function answer<Payload extends object>(
  payload: string,
  write: () => Promise<Payload>,
): Promise<object> {
  try {
    return { __typename: payload, ...(await write()) };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return { ...error, __typename: error.name, message: error.message };
  }
}
