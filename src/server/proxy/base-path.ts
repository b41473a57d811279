import { EXPLORER_PATH, GRAPHQL_PATH, METRICS_PATH } from '../paths.ts';

/** Segments with which a path of the server's own begins: a base path with one of them would hide it. */
const OWN = new Set(
  [GRAPHQL_PATH, EXPLORER_PATH, METRICS_PATH, '/health', '/ready'].map((path) => path.split('/')[1]!),
);

export const EXPECTED_BASE_PATH = `a path such as /sessiontree, whose segments have letters, digits, ".", "_" and "-" only, and whose first is none of ${[...OWN].join(', ')}`;

/** The base path without a slash at its end: `/` is the empty path. Null if it is none. */
export function parseBasePath(text: string): string | null {
  const path = text.replace(/\/$/, '');
  if (path === '') return '';
  if (!/^(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/.test(path)) return null;
  return OWN.has(path.split('/')[1]!) ? null : path;
}

/**
 * The target of a request without the base path. A target without it stays as it is: some proxies remove the path, and probes need not know
 * it.
 */
export function withoutBasePath(target: string, basePath: string): string {
  if (basePath === '' || !target.startsWith(basePath)) return target;
  const rest = target.slice(basePath.length);
  if (rest.startsWith('/')) return rest;
  return rest === '' || rest.startsWith('?') ? `/${rest}` : target;
}
