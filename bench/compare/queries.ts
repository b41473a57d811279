import type { HttpRequest } from '../peers/peer.ts';

/** A GraphQL request, the same for every contender that uses GraphQL. The floor identifies it by the name of its operation. */
export interface GraphQLRequest {
  readonly operationName: string;
  readonly query: string;
  readonly variables?: object;
}

export const GRAPHQL_PATH = '/graphql';

export function graphqlRequest(request: GraphQLRequest): HttpRequest {
  return {
    method: 'POST',
    path: GRAPHQL_PATH,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  };
}

const SCALARS = 'id title userId createdAt lastActiveAt messageCount version';
const FLAT_SCALARS = 'id parentId title createdAt lastActiveAt messageCount version';
const WITH_MESSAGES = 'id title history(last: 2) { nodes { role content } }';

function nested(fields: string, levels: number): string {
  return levels === 0 ? fields : `${fields} children { nodes { ${nested(fields, levels - 1)} } }`;
}

export const smallRead = (id: string): GraphQLRequest => ({
  operationName: 'SmallRead',
  query: 'query SmallRead($id: ID!) { session(id: $id) { id title userId createdAt messageCount } }',
  variables: { id },
});

export const treeWithMessages = (id: string, levels: number): GraphQLRequest => ({
  operationName: 'TreeWithMessages',
  query: `query TreeWithMessages($id: ID!) { session(id: $id) { ${nested(WITH_MESSAGES, levels)} } }`,
  variables: { id },
});

export const nestedTree = (id: string, levels: number): GraphQLRequest => ({
  operationName: 'NestedTree',
  query: `query NestedTree($id: ID!) { session(id: $id) { ${nested(SCALARS, levels)} } }`,
  variables: { id },
});

export const flatTree = (id: string, first: number): GraphQLRequest => ({
  operationName: 'FlatTree',
  query: `query FlatTree($id: ID!, $first: Int!) {
    session(id: $id) { ${FLAT_SCALARS} descendants(first: $first) { nodes { ${FLAT_SCALARS} } } }
  }`,
  variables: { id, first },
});

export const sendMessage = (sessionId: string): GraphQLRequest => ({
  operationName: 'SendMessage',
  query: `mutation SendMessage($input: SendMessageInput!) {
    sendMessage(input: $input) {
      __typename
      ... on SendMessagePayload { session { id version messageCount } messages { id role createdAt } }
      ... on Error { message }
    }
  }`,
  variables: {
    input: {
      sessionId,
      message: 'Please compare this offer with the one before, and say which to take and why.',
      response:
        'It costs less at the start and more after two years. If you stay longer than that, take the other one; ' +
        'both can be ended at the end of a month, so that nothing is lost by trying.',
      usage: { inputTokens: 1_204, outputTokens: 58 },
    },
  },
});

export const spawnSession = (parentId: string): GraphQLRequest => ({
  operationName: 'SpawnSession',
  query: `mutation SpawnSession($input: SpawnSessionInput!) {
    spawnSession(input: $input) {
      __typename
      ... on SpawnSessionPayload { session { id parentId rootId depth createdAt } parent { id childCount } }
      ... on Error { message }
    }
  }`,
  variables: { input: { parentId, title: 'Look up the prices', metadata: { status: 'open', team: 7 } } },
});

export const listPage = (first: number): GraphQLRequest => ({
  operationName: 'ListPage',
  query: `query ListPage($first: Int!) {
    sessions(first: $first) { nodes { ${SCALARS} } pageInfo { hasNextPage endCursor } }
  }`,
  variables: { first },
});

export const historyPage = (id: string, last: number): GraphQLRequest => ({
  operationName: 'HistoryPage',
  query: `query HistoryPage($id: ID!, $last: Int!) {
    session(id: $id) {
      id
      history(last: $last) { nodes { id role content createdAt } pageInfo { hasPreviousPage startCursor } }
    }
  }`,
  variables: { id, last },
});

/** The counters that show how many writes took effect. */
export const counts = (id: string): GraphQLRequest => ({
  operationName: 'Counts',
  query: 'query Counts($id: ID!) { session(id: $id) { messageCount childCount } }',
  variables: { id },
});
