import { Command, Option } from 'commander';
import { printable } from '../printable.ts';
import { openStoreForReading } from '../repository/open-store.ts';
import { parseUrl } from './call-server.ts';
import { CommandError } from './command-error.ts';
import { print } from './print.ts';
import { stderrLogger } from './stderr-logger.ts';
import { placeOf, withStoreOptions } from './store-option.ts';
import { parseExpiry, withAuthStore } from './token-store.ts';

interface ShareFlags {
  readonly url: string;
  readonly expires: Date;
}

/** `sessiontree share ID`: a link to the explorer, with which anybody may read a session and all beneath it. */
export function shareCommand(): Command {
  return withStoreOptions(new Command('share'))
    .description('Make a link with which anybody may read a session and all beneath it, for a while.')
    .argument('<id>', 'the id of the session')
    .option('--read', 'what the link allows: to read is all that a link can')
    .addOption(
      new Option('--expires <when>', 'when the link ends: a time, or for example 90s, 15m, 12h, 7d, 4w')
        .argParser(parseExpiry)
        .default(parseExpiry('7d'), '7d'),
    )
    .addOption(
      new Option('--url <url>', 'the server, as those who get the link reach it')
        .env('SESSIONTREE_URL')
        .default('http://127.0.0.1:4000/graphql')
        .argParser(parseUrl),
    )
    .addHelpText(
      'after',
      '\nFor a server that runs with --auth, beside which the command can run. The last word of the output is the link, which is shown this once. ' +
        'Everybody who has it may read. "token list" lists the links, and "token revoke" ends one.\n' +
        'Exit code: 0 if the link was made, 1 otherwise.',
    )
    .action(async (id: string, { url, expires }: ShareFlags, self: Command) => {
      const made = await withAuthStore(self, {}, async ({ tokens }) => {
        const userId = await ownerOf(placeOf(self), id);
        const purpose = `share:${id}`;
        return tokens.mint({ userId, scope: 'read', subtreeId: id, expiresAt: expires, purpose });
      });
      await print([
        `Until ${expires.toISOString()}, or until "sessiontree token revoke ${made.id}", whoever has this link may read ` +
          `${printable(id)} and all beneath it:\n${linkTo(url, id, made.token)}\n`,
      ]);
    });
}

/** The user whose tree the session is in; null for a tree of nobody. */
async function ownerOf(place: string, id: string): Promise<string | null> {
  const reader = await openStoreForReading(place, { logger: stderrLogger() });
  try {
    const [session] = await reader.findMany([id]);
    if (!session) throw new CommandError(`Expected the id of a session, got "${id}", which no session has.`);
    const [root] = await reader.findMany([session.rootId]);
    return root?.userId ?? null;
  } finally {
    await reader.close();
  }
}

/** The token stands behind the "#": browsers keep what is there to themselves, so that it is in no log of a server. */
function linkTo(url: string, id: string, token: string): string {
  const api = new URL(url);
  api.pathname = `${api.pathname.replace(/graphql\/?$/, '')}explorer/t/${encodeURIComponent(id)}`;
  api.search = '';
  api.hash = `token=${token}`;
  return api.href;
}
