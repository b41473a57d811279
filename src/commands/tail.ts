import type { SessionChange, Sessiontree } from '@sessiontree/client';
import { Command } from 'commander';
import { printable } from '../printable.ts';
import { paintFor } from '../server/pretty-line.ts';
import { callServer, tokenOption, urlOption } from './call-server.ts';
import { changeLine } from './change-line.ts';
import { isUtf8 } from './terminal-text.ts';
import { UnseenMessages } from './unseen-messages.ts';
import { untilInterrupted } from './until-interrupted.ts';

interface TailFlags {
  readonly url: string;
  readonly token?: string;
  readonly after?: string;
  readonly json?: boolean;
}

/** `sessiontree tail [ID]`: follows what changes in a tree. */
export function tailCommand(): Command {
  return new Command('tail')
    .description('Follow what changes in a session and all beneath it, on a running server.')
    .argument('[id]', 'the id of the session; all sessions if it is left out')
    .addOption(urlOption())
    .addOption(tokenOption())
    .option('--after <cursor>', 'begin with the changes since an earlier run, which ended with this cursor')
    .option('--json', 'write one JSON line for each batch of changes, with its cursor')
    .addHelpText(
      'after',
      `\nGoes on after a lost connection, and misses nothing. Ends at SIGINT (Ctrl-C), or once the session is deleted, and says\n` +
        'where to go on. Exit code: 0 then, 1 otherwise.',
    )
    .action((id: string | undefined, flags: TailFlags) =>
      callServer(flags, (client) => untilInterrupted((signal) => follow(client, id ?? null, flags, signal))),
    );
}

async function follow(
  client: Sessiontree,
  id: string | null,
  { after, json }: TailFlags,
  signal: AbortSignal,
): Promise<void> {
  // Unlike `watch`, the request fails if there is no server.
  const { store } = await client.request<{ store: { cursor: string } }>(
    '{ store { cursor } }',
    {},
    { signal },
  );
  let cursor = after ?? store.cursor;
  let isFollowing = false;
  const unseen = new UnseenMessages();
  const onRetry = ({ message }: Error) => note(`${message}. Going on from the last change …`);
  try {
    for await (const batch of client.sessions.watch(id, { after: cursor, signal, onRetry })) {
      if (batch.isReset) note('What changed since the cursor is not known: read the tree again.');
      const isRead = await write(json ? `${JSON.stringify(batch)}\n` : linesOf(unseen.of(batch)));
      if (!isRead) break;
      cursor = batch.cursor;
      isFollowing = true;
    }
  } finally {
    if (isFollowing) note(`To go on from here: --after ${cursor}`);
  }
}

function linesOf(changes: readonly SessionChange[]): string {
  const { stdout, env, platform } = process;
  const line = { now: new Date(), ellipsis: isUtf8(env, platform) ? '…' : '...', paint: paintFor(stdout) };
  return changes.map((change) => `${changeLine(change, line)}\n`).join('');
}

/** Writes to standard output. Resolves with false if nobody reads any more (`| head -1`). */
function write(text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') reject(error);
      else resolve(!error);
    });
  });
}

function note(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}
