import type { Sessiontree, SessiontreeError, WriteHistoryInput } from '@sessiontree/client';
import type { PendingMessage, RecordedSession, Tree } from './recorded-session.ts';

/** Fewer than the server's limit `messages`, which may be set to less than its default. */
const MESSAGES_PER_WRITE_MAX = 200;
/** With more messages, a session that was not written yet is rather a thread that other processes have recorded. */
const NEW_SESSION_MESSAGES_MAX = 10;
/** Messages of a session that wait in memory for a server that is away. */
const PENDING_MAX = 10_000;
/** Milliseconds until a failed write is tried again by itself: twice as many after each further failure, up to the maximum. */
const RETRY_AFTER_MS = 2_000;
const RETRY_AFTER_MS_MAX = 60_000;

/** Codes of what is wrong with the messages of a write, or with one of them: none of a value that is no JSON. */
const MESSAGE_FAULT_CODES = new Set([undefined, 'INVALID_INPUT', 'PAYLOAD_TOO_LARGE']);

const KNOWN_KEYS = `query ($key: String!, $ownerId: String, $keys: [String!]!) {
  session(key: $key, ownerId: $ownerId) { messagesByKey(keys: $keys) { key } }
}`;

interface KnownKeys {
  readonly session: { readonly messagesByKey: readonly ({ readonly key: string | null } | null)[] } | null;
}

export interface WriterOptions {
  readonly client: Sessiontree;
  readonly ownerId: string | null;
  readonly delayMs: number;
  readonly onError: (error: unknown) => void;
}

/**
 * Writes the sessions of one tree, one request at a time, parents before their children. What comes meanwhile, or within `delayMs`, goes with
 * the next write of its session. Never rejects: what fails is reported to `onError`, and what may succeed later is tried again.
 */
export class TreeWriter implements Tree {
  readonly owners = new Map<string, string>();
  /** The sessions whose runs have not ended, and the root. */
  readonly sessions = new Map<string, RecordedSession>();
  readonly #options: WriterOptions;
  readonly #dirty = new Set<RecordedSession>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Resolves to false if something is to be tried again. */
  #writing: Promise<boolean> | undefined;
  /** Writes that have failed since the last one that has not. */
  #failures = 0;
  /** When something was recorded last, in milliseconds since 1970. */
  touchedAt = Date.now();

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  touch(session: RecordedSession): void {
    this.touchedAt = Date.now();
    if (!session.isDirty) return;
    this.#dirty.add(session);
    this.#timer ??= setTimeout(() => void this.flush(), this.#options.delayMs);
  }

  /** True if nothing waits to be written, and no run lasts that could bring more. */
  get isIdle(): boolean {
    if (this.#dirty.size > 0 || this.#writing) return false;
    return ![...this.sessions.values()].some(({ isRunning }) => isRunning);
  }

  /** Gives up the runs that last. */
  cancel(): void {
    for (const session of this.sessions.values()) if (session.isRunning) session.setStatus('CANCELLED');
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // What another call is writing may have begun before the latest messages came.
    while (this.#writing) if (!(await this.#writing)) return;
    if (this.#dirty.size === 0) return;
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    if (await this.#writing) this.#failures = 0;
    else this.#retryLater();
  }

  #retryLater(): void {
    clearTimeout(this.#timer);
    const delayMs = Math.min(RETRY_AFTER_MS_MAX, RETRY_AFTER_MS * 2 ** this.#failures++);
    this.#timer = setTimeout(() => void this.flush(), delayMs);
    // A server that is away does not keep the process from its end.
    (this.#timer as { unref?(): void }).unref?.();
  }

  async #writeAll(): Promise<boolean> {
    for (const session of [...this.#dirty]) {
      while (session.isDirty) {
        try {
          await this.#writeSession(session);
        } catch (error) {
          this.#options.onError(error);
          this.#giveUpOldest(session);
          // It keeps its place, before its children. All others would wait as long.
          if (canSucceedLater(error)) return false;
        }
      }
      this.#dirty.delete(session);
    }
    return true;
  }

  /** Reports an error after which the rest can be written; throws another one. */
  #report(error: unknown): void {
    if (canSucceedLater(error)) throw error;
    this.#options.onError(error);
  }

  #giveUpOldest({ origin: { key }, pending }: RecordedSession): void {
    const count = pending.size - PENDING_MAX;
    if (count <= 0) return;
    for (const oldest of [...pending.keys()].slice(0, count)) pending.delete(oldest);
    const found = `the oldest ${count} of the session ${key} are not recorded`;
    this.#options.onError(
      new Error(`Expected at most ${PENDING_MAX} messages to wait for a server that is away: ${found}.`),
    );
  }

  async #writeSession(session: RecordedSession): Promise<void> {
    const { pending, changed } = session;
    if (session.id === null && pending.size > NEW_SESSION_MESSAGES_MAX)
      await this.#forgetKnown(session).catch((error) => this.#report(error));
    const { parent, key: _key, isOfGraph: _is, ...origin } = session.origin;
    const create = { ...origin, title: session.title, ...(parent && { parentKey: parent.origin.key }) };
    while (pending.size > 0 || session.status)
      await this.#write(session, pending, { create, onKey: 'IGNORE' });
    while (changed.size > 0) await this.#write(session, changed, { onKey: 'REPLACE' });
  }

  /** Forgets what the server has already. */
  async #forgetKnown({ origin: { key }, pending }: RecordedSession): Promise<void> {
    const { client, ownerId } = this.#options;
    const keys = [...pending.keys()];
    for (let start = 0; start < keys.length; start += MESSAGES_PER_WRITE_MAX) {
      const some = keys.slice(start, start + MESSAGES_PER_WRITE_MAX);
      const { session } = await client.request<KnownKeys>(KNOWN_KEYS, { key, ownerId, keys: some });
      for (const known of session?.messagesByKey ?? []) if (known?.key) pending.delete(known.key);
    }
  }

  /** Writes the status and the first of `messages`, and takes them out. What the server refuses for good is taken out, too. */
  async #write(
    session: RecordedSession,
    messages: Map<string, PendingMessage>,
    rest: Partial<WriteHistoryInput>,
  ): Promise<void> {
    const { client, ownerId } = this.#options;
    const batch = [...messages.values()].slice(0, MESSAGES_PER_WRITE_MAX);
    const { status } = session;
    const send = async (some: readonly PendingMessage[]) => {
      const inputs = some.map((message) => session.inputOf(message));
      const write = { key: session.origin.key, ownerId, messages: inputs, ...rest, ...status };
      session.id = (await client.history.write(write)).session.id;
      // A subgraph does not run again under its key, unless a person is asked.
      if (status && status.status !== 'RUNNING' && session.origin.parent)
        this.sessions.delete(session.origin.key);
    };
    const keep = (left: readonly PendingMessage[]) => {
      session.status ??= status;
      putBefore(left, messages);
    };
    for (const { key } of batch) messages.delete(key);
    session.status = null;
    let left = batch;
    try {
      await send(batch).catch(async (error) => {
        // A message may be what cannot be sent, or what the server refuses: the others, and the status, are to come in.
        if (!MESSAGE_FAULT_CODES.has(codeOf(error)) || batch.length === 0) throw error;
        let isWritten = false;
        for (const message of batch) {
          try {
            if (batch.length === 1) throw error;
            await send([message]);
            isWritten = true;
          } catch (refusal) {
            this.#report(refusal);
          }
          left = left.slice(1);
        }
        if (!isWritten && (status || session.id === null)) await send([]);
      });
    } catch (error) {
      if (canSucceedLater(error)) keep(left);
      throw error;
    }
  }
}

/** Puts messages before those that came meanwhile. */
function putBefore(left: readonly PendingMessage[], messages: Map<string, PendingMessage>): void {
  const later = [...messages];
  messages.clear();
  for (const message of left) messages.set(message.key, message);
  for (const [key, message] of later) messages.set(key, message);
}

const codeOf = (error: unknown): string | undefined => (error as Partial<SessiontreeError> | null)?.code;

function canSucceedLater(error: unknown): boolean {
  const { isRetryable, isOutcomeUnknown } = (error ?? {}) as Record<string, unknown>;
  return isRetryable === true || isOutcomeUnknown === true;
}
