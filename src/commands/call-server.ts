import type { ClientOptions, Sessiontree, SessiontreeError } from '@sessiontree/client';
import { InvalidArgumentError, Option } from 'commander';
import { CommandError } from './command-error.ts';

/** `--url`, shared by the commands that call a running server. */
export function urlOption(): Option {
  return new Option('--url <url>', 'the server')
    .env('SESSIONTREE_URL')
    .default('http://127.0.0.1:4000/graphql')
    .argParser(parseUrl);
}

/** Of a server alone, without a path, the API is at `/graphql`. */
export function parseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError('Expected a URL such as http://127.0.0.1:4000/graphql.');
  if (url.pathname === '/') url.pathname = '/graphql';
  return url.href;
}

/** `--token`, shared by the commands that call a running server. */
export function tokenOption(): Option {
  return new Option(
    '--token <token>',
    'for a server that asks for one; other users of this machine can see it on the command line, but not in the variable',
  ).env('SESSIONTREE_TOKEN');
}

export interface CallFlags {
  readonly url: string;
  readonly token?: string | undefined;
}

/**
 * Calls `action` with a client of the server at `url`. The client is loaded only here: `serve` does not pay for it. Rejects with a
 * `CommandError` for whatever the client rejects with.
 */
export async function callServer(
  { url, token }: CallFlags,
  action: (client: Sessiontree) => Promise<void>,
  options: ClientOptions = {},
): Promise<void> {
  const { ConnectionError, Sessiontree, SessiontreeError } = await loadClient();
  const client = new Sessiontree(url, { ...options, token });
  try {
    await action(client);
  } catch (error) {
    if (!(error instanceof SessiontreeError)) throw error;
    if (error instanceof ConnectionError)
      throw new CommandError(
        `${error.message}. Is a server running there? \`sessiontree serve\` starts one; --url names another.`,
      );
    throw new CommandError(error.code === 'UNAUTHENTICATED' ? tokenAdvice(error, token) : error.message);
  }
}

/** What to do about a missing or an invalid token. The server's own advice is for those who send requests. */
function tokenAdvice({ message }: SessiontreeError, token: string | undefined): string {
  return token === undefined
    ? 'Expected a token for this server, got none. Give it with --token, or in the variable SESSIONTREE_TOKEN; "sessiontree token add" makes one.'
    : `${message} --token and the variable SESSIONTREE_TOKEN give it; "sessiontree token add" makes another.`;
}

/** The client, which only commands that call a server load. Rejects with a `CommandError` if it is not built. */
export async function loadClient() {
  try {
    return await import('@sessiontree/client');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new CommandError(
      'Expected a build of @sessiontree/client, which this command calls the server with, got none: run `npm ci` without --omit=dev.',
    );
  }
}
