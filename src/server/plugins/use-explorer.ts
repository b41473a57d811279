import type { Logger } from '../../repository/observer.ts';
import { type ExplorerFiles, readExplorerFiles } from '../explorer-files.ts';
import { EXPLORER_PATH } from '../paths.ts';
import type { ServerPlugin } from '../plugin.ts';
import { notFound } from '../policies/known-route.ts';
import { refuse } from '../refuse.ts';
import type { Router } from '../routes.ts';
import { respondWithFile } from '../static-file.ts';

export interface ExplorerOptions {
  readonly routeOf: Router;
  readonly logger: Logger;
  readonly basePath?: string | undefined;
}

const ASSETS = `${EXPLORER_PATH}assets/`;

/** Serves the explorer: one page at all of its paths, which the page itself understands, and the files that it loads. */
export function useExplorer({ routeOf, logger, basePath = '' }: ExplorerOptions): ServerPlugin {
  let reading: Promise<ExplorerFiles> | undefined;
  return {
    async onRequest(payload) {
      const { request, fetchAPI, serverContext, endResponse } = payload;
      const { head, facts } = serverContext;
      if (routeOf(head) !== 'explorer') return;
      reading ??= readExplorerFiles(basePath);
      try {
        const { page, assets } = await reading;
        const file = head.path.startsWith(ASSETS) ? assets.get(head.path) : page;
        if (file) endResponse(await respondWithFile(file, request, fetchAPI));
        else refuse(payload, notFound(basePath));
      } catch (err) {
        // The error may be temporary, such as too many open files: the next request tries again.
        reading = undefined;
        if ((err as NodeJS.ErrnoException).code === 'ENOENT') {
          refuse(payload, NOT_BUILT);
          return;
        }
        logger.error({ requestId: facts.id, err }, 'the explorer could not be read');
        refuse(payload, UNREADABLE);
      }
    },
  };
}

const NOT_BUILT = {
  status: 404,
  code: 'NOT_FOUND',
  message: 'The explorer was not built. `npm run build` builds it, with the devDependencies installed.',
};

const UNREADABLE = {
  status: 500,
  code: 'INTERNAL_SERVER_ERROR',
  message: "The explorer could not be read: the server's log says why.",
};
