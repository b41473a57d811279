import { z } from 'zod';
import { findDataDirectory } from '../../repository/files/disk/data-directory.ts';
import type { Logger } from '../../repository/observer.ts';
import { QUOTA_NAMES, type Quota, type QuotaOf } from '../callers/quota.ts';
import { AuthFile, LOOK_MS } from './auth-file.ts';
import { AuthFileError } from './auth-file-error.ts';
import type { AuthText } from './auth-text.ts';
import { createOutageLog } from './outage-log.ts';
import { isUserId } from './tokens.ts';

type UserQuota = Partial<Quota>;

const amount = z.int().min(0);
const content = z.strictObject({
  users: z.record(
    z.string().refine(isUserId),
    z.strictObject(Object.fromEntries(QUOTA_NAMES.map((name) => [name, amount.optional()]))),
  ),
});

/** The text of the quotas of the server whose data directory this is. */
export function quotasFile(dataDirectory: string): AuthText {
  return new AuthFile(findDataDirectory(dataDirectory).auth, 'quotas.json');
}

/** The quotas of the server whose data directory this is. It need not exist. */
export function quotasOf(dataDirectory: string): Quotas {
  return new Quotas(quotasFile(dataDirectory));
}

/** The quotas of users, in a text of their own. Several processes may change them. */
export class Quotas {
  readonly #file: AuthText;
  #users = new Map<string, UserQuota>();

  /** The text is read when it is needed. */
  constructor(text: AuthText) {
    this.#file = text;
  }

  /** As the file was a second ago at most. Throws if the file cannot be used. */
  find(userId: string): UserQuota | null {
    this.#look(LOOK_MS);
    return this.lastRead(userId);
  }

  /** As `find` was last. */
  lastRead(userId: string): UserQuota | null {
    return this.#users.get(userId) ?? null;
  }

  /** All quotas, by user. Throws if the file cannot be used. */
  list(): readonly (readonly [userId: string, quota: UserQuota])[] {
    this.#look(0);
    return [...this.#users].sort(([one], [other]) => (one < other ? -1 : 1));
  }

  /** Sets what `changes` have, and returns the whole quota. It is on the disk once the promise resolves. */
  async set(userId: string, changes: UserQuota): Promise<UserQuota> {
    let quota: UserQuota = changes;
    await this.#change((users) => {
      quota = { ...users.get(userId), ...changes };
      users.set(userId, quota);
      return true;
    });
    return quota;
  }

  /** False if the user had no quota. */
  unset(userId: string): Promise<boolean> {
    return this.#change((users) => users.delete(userId));
  }

  /** Writes what `change` makes of the quotas, unless it returns false. */
  #change(change: (users: Map<string, UserQuota>) => boolean): Promise<boolean> {
    return this.#file.locked(async () => {
      this.#look(0);
      const users = new Map(this.#users);
      if (!change(users)) return false;
      await this.#file.replace(`${JSON.stringify({ users: Object.fromEntries(users) }, null, 2)}\n`);
      this.#users = users;
      return true;
    });
  }

  #look(pauseMs: number): void {
    this.#file.look(pauseMs, (text) => {
      this.#users = decoded(text, this.#file.path);
    });
  }
}

function decoded(text: string, path: string): Map<string, UserQuota> {
  if (text === '') return new Map();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Refused below.
  }
  const parsed = content.safeParse(json);
  if (parsed.success) return new Map(Object.entries(parsed.data.users));
  throw new AuthFileError(
    `Expected {"users": {"<user id>": {"requests": 1000}}} with some of ${QUOTA_NAMES.join(', ')} in ${path}, got something else. ` +
      'Mend the file, or remove it and set the quotas again.',
  );
}

/** The quotas for a server. While the file cannot be used, those that were read last hold. */
export function lastingQuotas(quotas: Quotas, logger: Logger): QuotaOf {
  const outage = createOutageLog(
    logger,
    'the quotas cannot be read: those that were read last hold',
    'the quotas can be read again',
  );
  return (userId) => {
    if (userId === null) return null;
    try {
      const quota = quotas.find(userId);
      outage.over();
      return quota;
    } catch (err) {
      outage.report(err);
      return quotas.lastRead(userId);
    }
  };
}
