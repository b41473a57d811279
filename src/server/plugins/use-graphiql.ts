import type { Logger } from '../../repository/observer.ts';
import type { GraphiQLFiles } from '../graphiql-files.ts';
import { loadGraphiQL } from '../load-graphiql.ts';
import { GRAPHQL_PATH } from '../paths.ts';
import type { ServerPlugin } from '../plugin.ts';
import { notFound } from '../policies/known-route.ts';
import { refuse } from '../refuse.ts';
import type { Router } from '../routes.ts';
import { respondWithFile, type StaticFile } from '../static-file.ts';

export interface GraphiQLOptions {
  readonly routeOf: Router;
  readonly logger: Logger;
  readonly basePath?: string | undefined;
}

/**
 * Serves GraphiQL to clients that prefer HTML: a small page, and the files that it loads, which browsers may cache forever. Nothing
 * comes from another server. The files are made for the first request: most servers never need them.
 */
export function useGraphiQL({ routeOf, logger, basePath }: GraphiQLOptions): ServerPlugin {
  let loading: Promise<GraphiQLFiles> | undefined;

  async function fileAt(path: string): Promise<StaticFile | undefined> {
    loading ??= loadGraphiQL(GRAPHQL_PATH);
    try {
      const { page, assets } = await loading;
      return path === GRAPHQL_PATH ? page : assets.get(path);
    } catch (error) {
      // The error may be temporary, such as too many open files: the next request tries again.
      loading = undefined;
      throw error;
    }
  }

  return {
    onRequest(payload) {
      const { request, fetchAPI, serverContext, endResponse } = payload;
      const route = routeOf(serverContext.head);
      if (route !== 'page' && route !== 'asset') return;
      return fileAt(serverContext.head.path).then(
        async (file) => {
          if (file) endResponse(await respondWithFile(file, request, fetchAPI));
          else refuse(payload, notFound(basePath));
        },
        (err) => {
          logger.error({ requestId: serverContext.facts.id, err }, 'GraphiQL could not be loaded');
          refuse(payload, {
            status: 500,
            code: 'INTERNAL_SERVER_ERROR',
            message: "GraphiQL could not be loaded: the server's log says why.",
          });
        },
      );
    },
  };
}
