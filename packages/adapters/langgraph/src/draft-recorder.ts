import type { DraftWriter, Sessiontree } from '@sessiontree/client';
import type { RecordedSession } from './recorded-session.ts';

interface RunningDraft {
  readonly session: RecordedSession;
  readonly key: string;
  /** Null until the session is written. */
  writer: DraftWriter | null;
  /** What the model has said, and the draft has not. */
  before: string;
}

/** Shows what models are saying: a draft for each answer, under the key that the message will have. */
export class DraftRecorder {
  readonly #client: Sessiontree;
  readonly #onError: (error: unknown) => void;
  readonly #running = new Map<string, RunningDraft>();
  readonly #ending = new Set<Promise<void>>();

  constructor(client: Sessiontree, onError: (error: unknown) => void) {
    this.#client = client;
    this.#onError = onError;
  }

  /** Adds to the draft of a model's run. `key` is that of the first call. */
  write(session: RecordedSession, runId: string, key: string, token: string): void {
    let draft = this.#running.get(runId);
    if (!draft) {
      draft = { session, key, writer: null, before: '' };
      this.#running.set(runId, draft);
      const opened = draft;
      // A draft needs a session that is stored. The run may have ended by then.
      const open = () => this.#running.get(runId) === opened && this.#open(opened);
      if (session.id === null) void session.tree.flush().then(open);
    }
    draft.before += token;
    this.#open(draft);
  }

  /** Says what was not said yet, if the session is there. */
  #open(draft: RunningDraft): void {
    const { session, key, before } = draft;
    if (session.id === null || before === '') return;
    draft.writer ??= this.#client.history.stream(session.id, key);
    draft.writer.write(before);
    draft.before = '';
  }

  /** Ends the draft of a model's run, once its message is written. */
  end(runId: string): void {
    const draft = this.#running.get(runId);
    this.#running.delete(runId);
    const { writer, session } = draft ?? {};
    if (!writer || !session) return;
    const ending = session.tree
      .flush()
      .then(() => writer.end())
      .catch(this.#onError)
      .finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** Resolves once all drafts that have ended are sent. */
  async flush(): Promise<void> {
    await Promise.all(this.#ending);
  }
}
