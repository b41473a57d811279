import { StorageError } from '../../model/errors.ts';
import {
  SharedTexts,
  type SharedTextsOptions,
  type WriteSharedText,
} from '../../repository/postgres/shared-texts.ts';
import { LOOK_MS } from './auth-file.ts';
import type { AuthText, AuthTexts } from './auth-text.ts';

/** Milliseconds after which texts that could not be read again do not count any more: a token may have been revoked meanwhile. */
const AGE_MS_MAX = 5_000;

/**
 * The texts of a store in a database, which all of its servers share. They are read at the start, about once a second since, and with each
 * write: requests look at what was read last, and wait for nothing.
 */
export class AuthDatabase implements AuthTexts {
  readonly tokens: AuthText;
  readonly quotas: AuthText;
  readonly #texts: SharedTexts;
  readonly #rows: readonly AuthRow[];
  readonly #timer: NodeJS.Timeout;
  #reading: Promise<void> | null = null;

  /** Rejects with a DatabaseUnusableError or a TablesVersionError. */
  static async open(options: SharedTextsOptions): Promise<AuthDatabase> {
    const texts = await SharedTexts.open(options);
    const opened = new AuthDatabase(texts);
    try {
      await opened.#read();
      return opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  private constructor(texts: SharedTexts) {
    this.#texts = texts;
    const tokens = new AuthRow('tokens', texts);
    const quotas = new AuthRow('quotas', texts);
    this.#rows = [tokens, quotas];
    this.tokens = tokens;
    this.quotas = quotas;
    this.#timer = setInterval(() => {
      this.#reading ??= this.#readAgain().finally(() => {
        this.#reading = null;
      });
    }, LOOK_MS).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reading;
    await this.#texts.close();
  }

  async #readAgain(): Promise<void> {
    try {
      await this.#read();
    } catch (error) {
      for (const row of this.#rows) row.fail(error);
    }
  }

  async #read(): Promise<void> {
    const found = await this.#texts.read(new Map(this.#rows.map(({ name, version }) => [name, version])));
    for (const row of this.#rows) row.take(found.get(row.name) ?? { text: '', version: NO_ROW });
  }
}

/** Versions that no row has. */
const NO_ROW = -1;
const UNKNOWN = -2;

class AuthRow implements AuthText {
  readonly name: string;
  readonly isOpenToOthers = false;
  readonly #texts: SharedTexts;
  #text = '';
  #version = UNKNOWN;
  /** The version of the text that was loaded last. */
  #loaded = UNKNOWN;
  #readAt = Number.NEGATIVE_INFINITY;
  /** Why the row could not be read. */
  #fault: unknown = null;
  /** What is wrong with the text that was loaded last. */
  #damage: unknown = null;
  /** While the row is locked. */
  #write: WriteSharedText | null = null;

  constructor(name: string, texts: SharedTexts) {
    this.name = name;
    this.#texts = texts;
  }

  get path(): string {
    return `the row "${this.name}" of the table "auth"`;
  }

  get version(): number {
    return this.#version;
  }

  /** The row as it was read; without a text, it has not changed. */
  take({ text, version }: { readonly text: string | null; readonly version: number }): void {
    this.#readAt = performance.now();
    this.#fault = null;
    if (text === null || version === this.#version) return;
    this.#text = text;
    this.#version = version;
    this.#damage = null;
  }

  /** The row could not be read. */
  fail(error: unknown): void {
    this.#fault = error;
  }

  look(_pauseMs: number, load: (text: string) => void): void {
    if (this.#write === null && performance.now() - this.#readAt > AGE_MS_MAX)
      throw new StorageError('The database does not say who may use the server. Try again later.', true);
    if (this.#fault !== null) throw this.#fault;
    if (this.#loaded !== this.#version) {
      this.#loaded = this.#version;
      try {
        load(this.#text);
      } catch (error) {
        this.#damage = error;
      }
    }
    if (this.#damage !== null) throw this.#damage;
  }

  async locked<Result>(act: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#texts.change(this.name, (row, write) => {
        this.take(row);
        this.#write = write;
        return act();
      });
    } catch (error) {
      // What `act` made known may not have been committed: the text is read again.
      this.#version = UNKNOWN;
      this.#loaded = UNKNOWN;
      throw error;
    } finally {
      this.#write = null;
    }
  }

  async append(lines: string): Promise<void> {
    const version = await this.#write!('append', lines);
    this.#known(this.#text + lines, version);
  }

  async replace(text: string): Promise<void> {
    const version = await this.#write!('replace', text);
    this.#known(text, version);
  }

  /** The caller knows what was written, and need not load it. */
  #known(text: string, version: number): void {
    this.#text = text;
    this.#version = version;
    this.#loaded = version;
    this.#damage = null;
  }
}
