import { GraphQLSchema } from 'graphql';
import { builder } from './builder.ts';
import { directives } from './directives.ts';
import './scalars.ts';
import './node.ts';
import './session.ts';
import './tree.ts';
import './history.ts';
import './messages-by-key.ts';
import './session-list.ts';
import './store.ts';
import './fork-origin.ts';
import './spawn-origin.ts';
import './tool-call.ts';
import './rollup.ts';
import './search.ts';
import './usage-report.ts';
import './live/message-stream.ts';
import './live/session-changes.ts';

import './mutations/create-session.ts';
import './mutations/send-message.ts';
import './mutations/append-messages.ts';
import './mutations/spawn-session.ts';
import './mutations/update-session.ts';
import './mutations/write-history.ts';
import './mutations/delete-session.ts';
import './mutations/fork-session.ts';
import './mutations/move-session.ts';
import './mutations/archive-session.ts';
import './mutations/truncate-history.ts';
import './mutations/redact-messages.ts';
import './mutations/stream-message.ts';
import { recordOutcomes } from './mutations/record-outcomes.ts';

export { createContext, type SchemaContext, type SchemaContextOptions } from './context.ts';

const config = builder.toSchema({ directives }).toConfig();
if (config.mutation) recordOutcomes(config.mutation);

/** The GraphQL schema. Its resolvers need a `SchemaContext`, one for each request. */
export const schema = new GraphQLSchema({
  ...config,
  description:
    'Sessiontree stores trees of agent sessions. Each session has a parent, children and a history of messages. Start reading ' +
    'with `session` or `sessions`, and start writing with `createSession`.',
});
