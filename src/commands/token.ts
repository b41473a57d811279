import { Command, InvalidArgumentError, Option } from 'commander';
import { SCOPES, type Scope } from '../model/caller.ts';
import { isSessionId } from '../model/id.ts';
import { printable } from '../printable.ts';
import type { TokenRecord } from '../server/auth/token-lines.ts';
import { EXPECTED_USER_ID, isUserId } from '../server/auth/tokens.ts';
import { CommandError } from './command-error.ts';
import { print } from './print.ts';
import { withStoreOptions } from './store-option.ts';
import { parseExpiry, withAuthStore } from './token-store.ts';

interface AddFlags {
  readonly user: string;
  readonly scope: Scope;
  readonly subtree?: string;
  readonly expires?: Date;
}

interface ListFlags {
  readonly json?: boolean;
}

/** `sessiontree token add|list|revoke`: who may use a server that runs with `--auth`. */
export function tokenCommand(): Command {
  return new Command('token')
    .description('Make, list and revoke the tokens of a server that runs with --auth.')
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand())
    .addHelpText(
      'after',
      '\nCan run beside the server, which takes up changes by itself: a new token at once, a revocation within a second. The servers of a database take up both within a second.',
    );
}

function addCommand(): Command {
  return withStoreOptions(new Command('add'))
    .description('Make a token, and print it. It is shown this once: only its hash is kept.')
    .addOption(
      new Option('--user <id>', 'the user: whose trees the holder sees')
        .makeOptionMandatory()
        .argParser(parser(isUserId, EXPECTED_USER_ID)),
    )
    .addOption(
      new Option(
        '--scope <scope>',
        'read: own trees; write: changes them, too; admin: sees and changes the trees of all users',
      )
        .choices(SCOPES)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--subtree <id>', 'only this session and all beneath it').argParser(
        parser(isSessionId, 'the id of a session'),
      ),
    )
    .addOption(
      new Option(
        '--expires <when>',
        'when the token ends: a time, or for example 90s, 15m, 12h, 7d, 4w; never if it is left out',
      ).argParser(parseExpiry),
    )
    .addHelpText(
      'after',
      '\nThe last word of the output is the token. Exit code: 0 if it was made, 1 otherwise.',
    )
    .action(async ({ user: userId, scope, subtree, expires }: AddFlags, self: Command) => {
      const wanted = { userId, scope, subtreeId: subtree ?? null, expiresAt: expires ?? null };
      const { id, token } = await withAuthStore(self, { isMade: true }, ({ tokens }) => tokens.mint(wanted));
      await print([`Token ${id} (${printable(describe(wanted))}):\n${token}\n`]);
    });
}

function listCommand(): Command {
  return withStoreOptions(new Command('list'))
    .description(
      'List the tokens that are not revoked. What they are themselves is known to their holders alone.',
    )
    .option('--json', 'write one JSON line per token')
    .action(async ({ json }: ListFlags, self: Command) => {
      const records = await withAuthStore(self, {}, async ({ tokens }) => tokens.list());
      await print(records.map((record) => (json ? jsonLine(record) : `${printable(lineOf(record))}\n`)));
    });
}

function revokeCommand(): Command {
  return withStoreOptions(new Command('revoke'))
    .description(
      'Revoke a token. A server refuses it within a second, and ends the subscriptions of its holder.',
    )
    .argument('<id>', 'the id of the token, as "token list" shows it')
    .addHelpText('after', '\nExit code: 0 if the token was revoked, 1 if there is none.')
    .action(async (id: string, _flags: unknown, self: Command) => {
      if (!(await withAuthStore(self, {}, ({ tokens }) => tokens.revoke(id))))
        throw new CommandError(
          `Expected the id of a token, as "sessiontree token list" shows it, got "${id}".`,
        );
      await print([`Token ${id} is revoked.\n`]);
    });
}

function parser(isValid: (text: string) => boolean, expected: string) {
  return (text: string): string => {
    if (!isValid(text)) throw new InvalidArgumentError(`Expected ${expected}.`);
    return text;
  };
}

function lineOf(record: TokenRecord): string {
  const { id, createdAt, purpose } = record;
  return `${id}  ${describe(record)}, made ${createdAt.toISOString()}${purpose === null ? '' : ` for ${purpose}`}`;
}

function describe({
  userId,
  scope,
  subtreeId,
  expiresAt,
}: Pick<TokenRecord, 'userId' | 'scope' | 'subtreeId' | 'expiresAt'>): string {
  const isOver = expiresAt !== null && expiresAt.getTime() <= Date.now();
  return [
    userId === null ? 'no user' : `user ${userId}`,
    `scope ${scope}`,
    ...(subtreeId === null ? [] : [`subtree ${subtreeId}`]),
    expiresAt === null ? 'does not expire' : `${isOver ? 'expired' : 'expires'} ${expiresAt.toISOString()}`,
  ].join(', ');
}

function jsonLine({ hash: _, ...shown }: TokenRecord): string {
  return `${JSON.stringify(shown)}\n`;
}
