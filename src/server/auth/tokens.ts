import type { Caller } from '../../model/caller.ts';
import { isSessionId } from '../../model/id.ts';
import { DEFAULT_LIMITS } from '../../model/limits.ts';
import { isStorable } from '../../model/stored-values.ts';
import type { MintedToken, NewToken, TokenIssuer } from '../../model/token-issuer.ts';
import { findDataDirectory } from '../../repository/files/disk/data-directory.ts';
import type { Logger } from '../../repository/observer.ts';
import { AuthFile, LOOK_MS } from './auth-file.ts';
import type { AuthText } from './auth-text.ts';
import { createToken, hasHash, hashOfToken, idOfToken } from './token.ts';
import { decodeLines, encodeLines, type TokenLine, type TokenRecord } from './token-lines.ts';

/** The file is written anew once this many lines say nothing any more, or as many as there are tokens. */
const SPENT_LINES_MAX = 100;

/** The text of the tokens of the server whose data directory this is. */
export function tokensFile(dataDirectory: string): AuthText {
  return new AuthFile(findDataDirectory(dataDirectory).auth, 'tokens.jsonl');
}

/** The tokens of the server whose data directory this is. It need not exist. */
export function tokensOf(dataDirectory: string, logger: Pick<Logger, 'warn'> | null = null): Tokens {
  return new Tokens(tokensFile(dataDirectory), logger);
}

/** The lines of a write, given what is there when its turn comes: two writes at once must not each miss the other. */
type LinesFor = (records: ReadonlyMap<string, TokenRecord>) => readonly TokenLine[];

/** The tokens that are kept in a text, one line for each change. Several processes may change them. */
export class Tokens implements TokenIssuer {
  readonly #file: AuthText;
  readonly #logger: Pick<Logger, 'warn'> | null;
  #records = new Map<string, TokenRecord>();
  #lines = 0;
  #linesMax = 0;
  #waiting: LinesFor[] = [];
  #nextWrite: Promise<void> | null = null;
  #lastWrite: Promise<void> = Promise.resolve();

  /** The text is read when it is needed. */
  constructor(text: AuthText, logger: Pick<Logger, 'warn'> | null = null) {
    this.#file = text;
    this.#logger = logger;
  }

  /**
   * What a token gives a right to; null if there is no such token, or if it has expired or was revoked: since a second at most. A token
   * that was added is known at once; in a database, within a second. Throws if the tokens cannot be read.
   */
  find(token: string): TokenRecord | null {
    const id = idOfToken(token);
    if (id === null) return null;
    this.#look(LOOK_MS);
    if (!this.#records.has(id)) this.#look(0);
    const record = this.#records.get(id);
    return record && hasHash(token, record.hash) && this.#isValid(record) ? record : null;
  }

  /** True once the token of the caller is revoked. While the file cannot be used, who was let in stays. */
  isRevoked({ tokenId }: Caller): boolean {
    if (tokenId === null) return false;
    try {
      this.#look(LOOK_MS);
    } catch {
      return false;
    }
    const record = this.#records.get(tokenId);
    return !record || !this.#isValid(record);
  }

  /** False once the token has expired, or one by which it was made is not valid any more. */
  #isValid(record: TokenRecord): boolean {
    for (let each: TokenRecord | undefined = record; ; each = this.#records.get(each.mintedBy)) {
      if (!each || isExpired(each)) return false;
      if (each.mintedBy === null) return true;
    }
  }

  /** All tokens that are not revoked, the oldest first. */
  list(): readonly TokenRecord[] {
    this.#look(0);
    return [...this.#records.values()];
  }

  async mint({ isOnly = false, ...given }: NewToken): Promise<MintedToken> {
    const { userId, scope, subtreeId = null, expiresAt = null, mintedBy = null, purpose = null } = given;
    if (userId !== null && !isUserId(userId)) throw new TypeError(`Expected ${EXPECTED_USER_ID}.`);
    if (subtreeId !== null && !isSessionId(subtreeId)) throw new TypeError('Expected the id of a session.');
    // As JSON it would be null: a token that does not expire.
    if (Number.isNaN(expiresAt?.getTime()))
      throw new TypeError('Expected a valid time, got an invalid Date.');
    const minted = createToken();
    const createdAt = new Date();
    const hash = hashOfToken(minted.token);
    const added = { id: minted.id, hash, userId, scope, subtreeId, mintedBy, purpose, createdAt, expiresAt };
    await this.#write((records) => {
      const others = isOnly ? [...records.values()].filter((record) => record.purpose === purpose) : [];
      return [...others.map(({ id: revoked }) => ({ revoked, revokedAt: createdAt })), { added }];
    });
    return minted;
  }

  async revoke(id: string): Promise<boolean> {
    this.#look(0);
    if (!this.#records.has(id)) return false;
    await this.#write(() => [{ revoked: id, revokedAt: new Date() }]);
    return true;
  }

  /** Reads the file if it has changed, unless that was last seen less than `pauseMs` ago. Throws if the file cannot be used: then no token is valid. */
  #look(pauseMs: number): void {
    this.#file.look(pauseMs, (text) => this.#load(decodeLines(text, this.#file.path)));
  }

  #load(lines: readonly TokenLine[]): void {
    this.#records = new Map();
    apply(lines, this.#records);
    this.#lines = lines.length;
    this.#linesMax = this.#linesMaxNow();
    if (this.#file.isOpenToOthers)
      this.#logger?.warn(
        { path: this.#file.path },
        'other users of this machine can read the hashes of the tokens: chmod 600',
      );
  }

  #linesMaxNow(): number {
    let current = 0;
    for (const record of this.#records.values()) if (!isExpired(record)) current += 1;
    return 2 * current + SPENT_LINES_MAX;
  }

  /** Resolves once the lines are on the disk, and count. Lines that come while others are written share the next write. */
  #write(linesFor: LinesFor): Promise<void> {
    this.#waiting.push(linesFor);
    this.#nextWrite ??= this.#lastWrite.then(() => {
      const batch = this.#waiting;
      this.#waiting = [];
      this.#nextWrite = null;
      const written = this.#writeBatch(batch);
      this.#lastWrite = written.catch(() => {});
      return written;
    });
    return this.#nextWrite;
  }

  #writeBatch(batch: readonly LinesFor[]): Promise<void> {
    return this.#file.locked(async () => {
      this.#look(0);
      const records = new Map(this.#records);
      const lines = batch.flatMap((linesFor) => {
        const some = linesFor(records);
        apply(some, records);
        return some;
      });
      if (this.#lines + lines.length <= this.#linesMax) {
        await this.#file.append(encodeLines(lines));
        apply(lines, this.#records);
        this.#lines += lines.length;
        return;
      }
      const current = [...records.values()].filter((record) => !isExpired(record));
      await this.#file.replace(encodeLines(current.map((added) => ({ added }))));
      this.#records = new Map(current.map((record) => [record.id, record]));
      this.#lines = current.length;
      this.#linesMax = this.#linesMaxNow();
    });
  }
}

function apply(lines: readonly TokenLine[], records: Map<string, TokenRecord>): void {
  for (const line of lines) {
    if ('added' in line) records.set(line.added.id, line.added);
    else records.delete(line.revoked);
  }
}

export const EXPECTED_USER_ID = `a user id of 1 to ${DEFAULT_LIMITS.nameLength} characters`;

/** Whether a text can be the `userId` of a session. */
export function isUserId(text: string): boolean {
  return text.length > 0 && text.length <= DEFAULT_LIMITS.nameLength && isStorable(text);
}

function isExpired({ expiresAt }: Pick<TokenRecord, 'expiresAt'>): boolean {
  return expiresAt !== null && expiresAt.getTime() <= Date.now();
}
