/** A host name as browsers write it. An address has many spellings (`[::ffff:127.0.0.1]`, `127.1`). */
export function canonicalName(name: string): string {
  const url = `http://${name}`;
  return URL.canParse(url) ? new URL(url).hostname : name.toLowerCase();
}

/** Whether a canonical name can be that of a host. URLs allow more characters than host names have. */
export function isHostName(name: string): boolean {
  return /^([a-z0-9._-]+|\[.+\])$/.test(name);
}

/** The name in a Host header, in lower case: `[::1]:4000` -> `[::1]`. Null unless the header is a host with an optional port. */
export function nameInHost(host: string): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i.exec(host);
  if (!match || Number(match[2] ?? 0) > 65_535) return null;
  return match[1]!.toLowerCase();
}

/** Replaces a Host header that is no host. No server has this name (RFC 6761). */
export const NO_HOST = 'host.invalid';

/**
 * `check`, which is called only if `host` differs from the last one: nearly all requests to a server have the same Host header, and parsing
 * the header costs more than a comparison.
 */
export function rememberingLatest<Result>(check: (host: string) => Result): (host: string) => Result {
  let latest: { readonly host: string; readonly result: Result } | undefined;
  return (host) => {
    if (latest?.host !== host) latest = { host, result: check(host) };
    return latest.result;
  };
}
