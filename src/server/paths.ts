export const GRAPHQL_PATH = '/graphql';

/** The prefix of the files that GraphiQL's page loads. */
export const ASSETS_PATH = `${GRAPHQL_PATH}/assets/`;

/** The explorer is served at all paths beneath. */
export const EXPLORER_PATH = '/explorer/';

/** Where the metrics are, if they are asked for. */
export const METRICS_PATH = '/metrics';

/** The path that stands for the target of `OPTIONS *`, which is about the server as a whole. */
export const SERVER_PATH = '/*';

/** The path of a URL as it was sent. `new URL` would cost more than the rest of the checks, and throws on odd input. */
export function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + '://'.length);
  if (start === -1) return '';
  return pathOfTarget(url.slice(start));
}

/** The target of a request without its query. */
export function pathOfTarget(target: string): string {
  const end = target.indexOf('?');
  return end === -1 ? target : target.slice(0, end);
}
