import { builder } from './builder.ts';
import './scalars.ts';
import './node.ts';
import './session.ts';
import './tree.ts';
import './history.ts';
import './session-list.ts';
import './store.ts';
import './mutations/create-session.ts';
import './mutations/send-message.ts';
import './mutations/append-messages.ts';
import './mutations/spawn-session.ts';
import './mutations/update-session.ts';
import './mutations/delete-session.ts';

export { createContext, type SchemaContext, type SchemaContextOptions } from './context.ts';

/** The GraphQL schema. Its resolvers need a `SchemaContext`, one for each request. */
export const schema = builder.toSchema();
