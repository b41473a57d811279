import type { DocumentNode } from 'graphql';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import { createContext, type SchemaContext } from '../schema/context.ts';
import { schema } from '../schema/index.ts';
import { createDocumentCache, type DocumentCache } from './document-cache.ts';
import { GRAPHQL_PATH } from './paths.ts';
import type { ServerContext } from './plugin.ts';
import { useAdmission } from './plugins/use-admission.ts';
import { useBrowserHeaders } from './plugins/use-browser-headers.ts';
import { useCompression } from './plugins/use-compression.ts';
import { useErrorMasking } from './plugins/use-error-masking.ts';
import { useExecution } from './plugins/use-execution.ts';
import { useExplorer } from './plugins/use-explorer.ts';
import { useGraphiQL } from './plugins/use-graphiql.ts';
import { useHead } from './plugins/use-head.ts';
import { useKnownDocuments } from './plugins/use-known-documents.ts';
import { useMetrics } from './plugins/use-metrics.ts';
import { usePersistedQueries } from './plugins/use-persisted-queries.ts';
import { usePolicies } from './plugins/use-policies.ts';
import { useRequestFacts } from './plugins/use-request-facts.ts';
import { useRequestLog } from './plugins/use-request-log.ts';
import { useResultType } from './plugins/use-result-type.ts';
import { useRoutes } from './plugins/use-routes.ts';
import { useSubscriptions } from './plugins/use-subscriptions.ts';
import { traced } from './request-facts.ts';
import type { RequestRules } from './request-rules.ts';
import type { ServerSettings } from './settings.ts';

export type SessiontreeYoga = YogaServerInstance<ServerContext, SchemaContext>;

/**
 * Yoga with the plugins of the server. It executes operations with the `limits` object of `settings` itself, as the fast path does:
 * arguments and input rules are checked once per object. Documents are stored in `documents`, if given, for the fast path.
 */
export function createYogaPath(
  settings: ServerSettings,
  { isAllowedOrigin, routeOf, checks }: RequestRules,
  documents?: DocumentCache<DocumentNode>,
): SessiontreeYoga {
  const { repository, tokens, limits, logger, metrics, basePath, callers } = settings;
  const parsed = createDocumentCache<DocumentNode>();
  return createYoga<ServerContext, SchemaContext>({
    schema,
    context: ({ facts, handedOn: { ticket } = {} }) =>
      createContext({
        repository: traced(repository, facts),
        caller: facts.caller,
        tokens,
        sessions: callers?.sessions ?? null,
        limits,
        startedAt: facts.startedAt,
        hold: ticket?.charge,
        writeTurn: ticket,
      }),
    graphqlEndpoint: GRAPHQL_PATH,
    parserAndValidationCache: {
      documentCache: parsed,
      errorCache: createDocumentCache<Error>(),
    },
    // Yoga's own features are looser or slower than the plugins and policies below.
    cors: false,
    graphiql: false,
    landingPage: false,
    multipart: false,
    maxRequestBodySize: false,
    maskedErrors: false,
    logging: false,
    // Yoga's health check runs before any plugin, for each URL with this ending. No URL ends with a line break.
    healthCheckEndpoint: '\n',
    plugins: [
      useAdmission(),
      useRequestFacts(),
      useCompression(),
      useRequestLog({ logger }),
      useBrowserHeaders({ isAllowedOrigin }),
      useHead(),
      usePolicies({ checks, limits }),
      useRoutes({ routeOf, basePath }),
      ...(metrics ? [useMetrics({ routeOf, metrics })] : []),
      useExplorer({ routeOf, logger, basePath }),
      useGraphiQL({ routeOf, logger, basePath }),
      usePersistedQueries(),
      useKnownDocuments({ parsed, valid: documents }),
      useExecution(),
      useSubscriptions(settings),
      useResultType({ answerBytes: limits.answerBytes, logger }),
      useErrorMasking({ logger }),
    ],
  });
}
