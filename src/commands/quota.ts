import { Command, InvalidArgumentError, Option } from 'commander';
import { printable } from '../printable.ts';
import { EXPECTED_USER_ID, isUserId } from '../server/auth/tokens.ts';
import { LIMIT_OF, QUOTA_NAMES, type Quota, type QuotaName } from '../server/callers/quota.ts';
import { CommandError } from './command-error.ts';
import { print } from './print.ts';
import { withStoreOptions } from './store-option.ts';
import { withAuthStore } from './token-store.ts';

interface UserFlags {
  readonly user: string;
}

interface ListFlags {
  readonly json?: boolean;
}

/** `sessiontree quota set|list|unset`: how much a user may use of a server that runs with `--auth`. */
export function quotaCommand(): Command {
  return new Command('quota')
    .description('Set, list and remove the quotas of the users of a server that runs with --auth.')
    .addCommand(setCommand())
    .addCommand(listCommand())
    .addCommand(unsetCommand())
    .addHelpText('after', '\nCan run beside the server, which takes up changes within a second.');
}

const MEANING = QUOTA_NAMES.map((name) => `${name} in place of ${LIMIT_OF[name]}`).join(', ');

function setCommand(): Command {
  return withStoreOptions(new Command('set'))
    .description('Set what a user may use, in place of the limits of the server.')
    .argument('<name=number...>', `any of: ${MEANING}`, collect)
    .addOption(userOption())
    .addHelpText(
      'after',
      '\nWhat is not named stays as it is. "serve --limit" explains the limits.\nExit code: 0 if the quota was set, 1 otherwise.',
    )
    .action(async (amounts: Partial<Quota>, { user }: UserFlags, self: Command) => {
      const quota = await withAuthStore(self, { isMade: true }, ({ quotas }) => quotas.set(user, amounts));
      await print([`${printable(lineOf(user, quota))}\n`]);
    });
}

function listCommand(): Command {
  return withStoreOptions(new Command('list'))
    .description('List the users that have a quota.')
    .option('--json', 'write one JSON line per user')
    .action(async ({ json }: ListFlags, self: Command) => {
      const listed = await withAuthStore(self, {}, async ({ quotas }) => quotas.list());
      await print(
        listed.map(([userId, quota]) =>
          json ? `${JSON.stringify({ userId, ...quota })}\n` : `${printable(lineOf(userId, quota))}\n`,
        ),
      );
    });
}

function unsetCommand(): Command {
  return withStoreOptions(new Command('unset'))
    .description('Remove the quota of a user: the limits of the server hold again.')
    .addOption(userOption())
    .addHelpText('after', '\nExit code: 0 if the quota was removed, 1 if the user has none.')
    .action(async ({ user }: UserFlags, self: Command) => {
      if (!(await withAuthStore(self, {}, ({ quotas }) => quotas.unset(user))))
        throw new CommandError(
          `Expected a user with a quota, as "sessiontree quota list" shows them, got "${user}".`,
        );
      await print([`${printable(`The user ${user} has no quota`)}: the limits of the server hold.\n`]);
    });
}

function userOption(): Option {
  return new Option('--user <id>', 'the user').makeOptionMandatory().argParser((text) => {
    if (!isUserId(text)) throw new InvalidArgumentError(`Expected ${EXPECTED_USER_ID}.`);
    return text;
  });
}

function collect(text: string, amounts: Partial<Quota> = {}): Partial<Quota> {
  const [, name, amount] = /^(\w+)=(\d{1,15})$/.exec(text) ?? [];
  if (!isQuotaName(name))
    throw new InvalidArgumentError(
      `Expected name=number, the name one of ${QUOTA_NAMES.join(', ')}, the number a whole number of 0 or more.`,
    );
  return { ...amounts, [name]: Number(amount) };
}

function isQuotaName(name: string | undefined): name is QuotaName {
  return (QUOTA_NAMES as readonly (string | undefined)[]).includes(name);
}

function lineOf(userId: string, quota: Partial<Quota>): string {
  const amounts = QUOTA_NAMES.flatMap((name) => (quota[name] === undefined ? [] : `${name}=${quota[name]}`));
  return `user ${userId}: ${amounts.join(' ')}`;
}
