/** A text that says who may do what: it is read when it has changed, and changed by one process at a time. */
export interface AuthText {
  /** Where the text is, for messages. */
  readonly path: string;
  /** True if others than the owner of the store can read it. */
  readonly isOpenToOthers: boolean;
  /**
   * Calls `load` with the text if it has changed since the last call. A file is looked at again once `pauseMs` have passed; a text in a
   * database is read about once a second, whatever `pauseMs` is. A missing text is empty. Throws if the text cannot be used.
   */
  look(pauseMs: number, load: (text: string) => void): void;
  /** Calls `act` while no other process changes the text. What `act` writes is durable once the promise resolves. */
  locked<Result>(act: () => Promise<Result>): Promise<Result>;
  /** Adds complete lines. To be called within `locked`, once the text is read. */
  append(lines: string): Promise<void>;
  /** Replaces the text. To be called within `locked`. */
  replace(text: string): Promise<void>;
}

/** The texts of a store. `close` ends the connection to a database. */
export interface AuthTexts {
  readonly tokens: AuthText;
  readonly quotas: AuthText;
  close(): Promise<void>;
}
