import type { DocumentNode } from 'graphql';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import type { Limits } from '../model/limits.ts';
import type { Logger } from '../repository/observer.ts';
import type { SessionRepository } from '../repository/repository.ts';
import { createContext, type SchemaContext } from '../schema/context.ts';
import { schema } from '../schema/index.ts';
import { createDocumentCache, type DocumentCache } from './document-cache.ts';
import type { ServerContext } from './plugin.ts';
import { useAcceptCheck } from './plugins/use-accept-check.ts';
import { useAliasLimit } from './plugins/use-alias-limit.ts';
import { useCors } from './plugins/use-cors.ts';
import { useDepthLimit } from './plugins/use-depth-limit.ts';
import { useErrorMasking } from './plugins/use-error-masking.ts';
import { useGraphiQL } from './plugins/use-graphiql.ts';
import { useHostCheck } from './plugins/use-host-check.ts';
import { useJsonRequests } from './plugins/use-json-requests.ts';
import { useKnownDocuments } from './plugins/use-known-documents.ts';
import { useOriginCheck } from './plugins/use-origin-check.ts';
import { usePlannedExecution } from './plugins/use-planned-execution.ts';
import { useReadOnlyGet } from './plugins/use-read-only-get.ts';
import { useRequestId } from './plugins/use-request-id.ts';
import { useRequestLog } from './plugins/use-request-log.ts';
import { GRAPHQL_PATH, useRoutes } from './plugins/use-routes.ts';
import { useSecurityHeaders } from './plugins/use-security-headers.ts';
import { useTokenLimit } from './plugins/use-token-limit.ts';

export interface SessiontreeYogaOptions {
  readonly repository: SessionRepository;
  readonly limits: Limits;
  /** Gets one line a request, and every internal error. */
  readonly logger: Logger;
  /** Names beside the loopback ones that the server answers for, without a port. */
  readonly allowedHosts: readonly string[];
  /** Origins (`https://app.example`) whose pages may call. */
  readonly allowedOrigins: readonly string[];
}

export type SessiontreeYoga = YogaServerInstance<ServerContext, SchemaContext>;

/**
 * The API as a request handler: `yoga.fetch(request)`. It opens and listens to nothing itself, and leaves closing the
 * repository to the caller. For node:http there is `createRequestListener`, which is faster, and refuses a Host that is none.
 *
 * `documents` gets each document that has passed all rules, with its text: the fast path goes by it.
 */
export function createSessiontreeYoga(
  options: SessiontreeYogaOptions,
  documents?: DocumentCache<DocumentNode>,
): SessiontreeYoga {
  const { repository, limits, logger, allowedHosts } = options;
  const allowedOrigins = new Set(options.allowedOrigins);
  return createYoga<ServerContext, SchemaContext>({
    schema,
    context: () => createContext({ repository, limits }),
    graphqlEndpoint: GRAPHQL_PATH,
    parserAndValidationCache: {
      documentCache: createDocumentCache<DocumentNode>(),
      errorCache: createDocumentCache<Error>(),
    },
    // What Yoga brings along is looser, or slower, than the plugins below.
    cors: false,
    graphiql: false,
    landingPage: false,
    multipart: false,
    maxRequestBodySize: false,
    maskedErrors: false,
    logging: false,
    // Yoga's health check answers every URL with this ending, before any plugin: no URL ends with a line break.
    healthCheckEndpoint: '\n',
    plugins: [
      useRequestId(),
      useRequestLog({ logger }),
      useSecurityHeaders(),
      useHostCheck({ allowedHosts }),
      useCors({ allowedOrigins }),
      useRoutes(),
      useGraphiQL(),
      useOriginCheck({ allowedOrigins }),
      useAcceptCheck(),
      useJsonRequests(limits),
      useReadOnlyGet(),
      useTokenLimit(limits),
      useDepthLimit(limits),
      useAliasLimit(limits),
      documents ? useKnownDocuments(documents) : {},
      usePlannedExecution(),
      useErrorMasking({ logger }),
    ],
  });
}
