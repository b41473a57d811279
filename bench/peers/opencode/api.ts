import { get, post } from '../http.ts';
import type { HttpRequest } from '../peer.ts';

/** More sessions than any tree has: without a limit, it returns a hundred. */
const ALL = 100_000;
/** A model must be named, but is never called. */
const MODEL = { providerID: 'none', modelID: 'none' };

/** A session in an answer. */
export interface OpencodeSession {
  readonly id: string;
  readonly parentID?: string;
  readonly directory: string;
  readonly time: { readonly created: number; readonly updated: number };
}

/** A message in an answer. */
export interface OpencodeMessage {
  readonly info: { readonly id: string; readonly role: 'user' | 'assistant' };
  readonly parts: readonly { readonly type: string; readonly text?: string }[];
}

/** A change event of a session, as opencode stores and sends it. */
export interface OpencodeEvent {
  readonly id: string;
  readonly aggregateID: string;
  readonly seq: number;
  readonly type: string;
  readonly data: object;
}

/** The requests to one directory. Each directory has its own sessions. */
export class OpencodeDirectory {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  session(id: string): HttpRequest {
    return get(this.#path(`/session/${id}`));
  }

  /** The sessions that changed last, roots and descendants alike. */
  sessions(limit = ALL): HttpRequest {
    return get(this.#path('/session', { limit: String(limit) }));
  }

  children(id: string): HttpRequest {
    return get(this.#path(`/session/${id}/children`));
  }

  /** The last messages. */
  messages(id: string, limit: number): HttpRequest {
    return get(this.#path(`/session/${id}/message`, { limit: String(limit) }));
  }

  /** What happens in the directory, as server-sent events. */
  events(): HttpRequest {
    return get(this.#path('/event'));
  }

  create(title: string, parentID?: string): HttpRequest {
    return post(this.#path('/session'), { title, parentID });
  }

  /** Stores a user's message, without an answer by a model. */
  send(id: string, text: string): HttpRequest {
    const body = { noReply: true, agent: 'build', model: MODEL, parts: [{ type: 'text', text }] };
    return post(this.#path(`/session/${id}/message`), body);
  }

  /** Stores the recorded events of a session, as from another opencode. */
  replay(events: readonly OpencodeEvent[]): HttpRequest {
    return post(this.#path('/sync/replay'), { directory: this.#directory, events });
  }

  #path(path: string, parameters: Readonly<Record<string, string>> = {}): string {
    return `${path}?${new URLSearchParams({ directory: this.#directory, ...parameters })}`;
  }
}
