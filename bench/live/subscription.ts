/** How a client subscribes. */
export type Subscription =
  | {
      readonly transport: 'sse';
      /** The origin of the server. */
      readonly url: string;
      readonly method: 'GET' | 'POST';
      readonly path: string;
      readonly body: string;
    }
  | {
      readonly transport: 'websocket';
      readonly url: string;
      /** Of the message `subscribe` of the protocol `graphql-transport-ws`. */
      readonly payload: object;
    };

export interface GraphQLSubscription {
  readonly query: string;
  readonly variables?: object;
}

/** A subscription to a GraphQL server, over server-sent events or WebSocket. */
export function graphqlSubscription(
  transport: Subscription['transport'],
  url: string,
  payload: GraphQLSubscription,
): Subscription {
  const path = '/graphql';
  if (transport === 'sse') return { transport, url, method: 'POST', path, body: JSON.stringify(payload) };
  return { transport, url: `${url.replace(/^http/, 'ws')}${path}`, payload };
}
