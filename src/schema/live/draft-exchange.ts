import type { Broadcast } from '../../repository/broadcast.ts';
import type { Draft, DraftUpdate, SeenOfDraft } from './draft.ts';

const TOPIC = 'drafts';
/** Milliseconds in which what is said of a draft is gathered. */
const GATHER_MS = 10;

/** What instances tell each other of a draft. */
export interface DraftNews {
  readonly update: DraftUpdate;
  /** How much of the draft was told before; of a whole update without meaning. */
  readonly from: SeenOfDraft;
  readonly sequence: number | null;
}

/** What the drafts of this instance do with what others say: see `Drafts`. */
export interface SharedDrafts {
  follow(news: DraftNews): Draft | null;
  forget(sessionIds: readonly string[]): void;
  shown(): Draft[];
}

type Message =
  | { readonly kind: 'news'; readonly news: DraftNews }
  | { readonly kind: 'deleted'; readonly sessionIds: readonly string[] }
  /** Of one draft, or of all. */
  | { readonly kind: 'ask'; readonly sessionId: string | null; readonly key: string | null };

const NOTHING: SeenOfDraft = { contents: 0, contentLength: 0, reasoningLength: 0, chunks: 0 };

/**
 * Keeps the same drafts in all instances. An instance tells what was said through it; one that has missed something, or comes later, asks those
 * that were said to first, which answer with all of the draft. The calls of one draft are expected to go to one instance: of two that take
 * them in turn, each would first have to hear of what the other was told.
 */
export class DraftExchange {
  readonly #drafts: SharedDrafts;
  readonly #broadcast: Broadcast;
  readonly #unsaid = new Set<Draft>();
  /** How much of a draft all have; of a draft of another instance, what was heard. */
  readonly #said = new WeakMap<Draft, SeenOfDraft>();
  /** Drafts whose latest part came through another instance. */
  readonly #followed = new WeakSet<Draft>();
  #isHearing = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(drafts: SharedDrafts, broadcast: Broadcast) {
    this.#drafts = drafts;
    this.#broadcast = broadcast;
    broadcast.listen(TOPIC, {
      heard: (message) => this.#heard(JSON.parse(message) as Message),
      hearing: () => this.#send({ kind: 'ask', sessionId: null, key: null }),
    });
  }

  /** To be called when a draft has changed, unless it was hidden before and is so still. */
  changed(draft: Draft): void {
    if (this.#isHearing) return;
    this.#followed.delete(draft);
    this.#unsaid.add(draft);
    // The texts of a draft that has ended are soon forgotten.
    if (draft.isDone) this.#say(draft);
    else this.#timer ??= setTimeout(() => this.#sayAll(), GATHER_MS).unref();
  }

  deleted(sessionIds: readonly string[]): void {
    this.#send({ kind: 'deleted', sessionIds });
  }

  #sayAll(): void {
    this.#timer = undefined;
    for (const draft of this.#unsaid) this.#say(draft);
  }

  #say(draft: Draft): void {
    this.#unsaid.delete(draft);
    const said = this.#said.get(draft);
    const { sequence } = draft;
    this.#said.set(draft, draft.seen());
    this.#send({ kind: 'news', news: { update: draft.updateSince(said), from: said ?? NOTHING, sequence } });
  }

  #heard(message: Message): void {
    if (message.kind === 'deleted') this.#drafts.forget(message.sessionIds);
    else if (message.kind === 'ask') this.#answer(message.sessionId, message.key);
    else this.#follow(message.news);
  }

  #answer(sessionId: string | null, key: string | null): void {
    for (const draft of this.#drafts.shown()) {
      if (this.#followed.has(draft)) continue;
      if (sessionId !== null && (draft.sessionId !== sessionId || draft.key !== key)) continue;
      this.#said.delete(draft);
      this.#say(draft);
    }
  }

  #follow(news: DraftNews): void {
    this.#isHearing = true;
    const draft = this.#drafts.follow(news);
    this.#isHearing = false;
    const { sessionId, key, isWhole, isDone } = news.update;
    if (draft) {
      this.#followed.add(draft);
      this.#unsaid.delete(draft);
      this.#said.set(draft, draft.seen());
    } else if (!isWhole && !isDone) this.#send({ kind: 'ask', sessionId, key });
  }

  #send(message: Message): void {
    this.#broadcast.send(TOPIC, JSON.stringify(message));
  }
}
