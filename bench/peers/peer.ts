/** A request to a peer. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The client for all contenders: one keep-alive connection. */
export interface Client {
  /** Resolves with the parsed JSON; rejects on a status outside 2xx. */
  json(request: HttpRequest): Promise<unknown>;
}

/** The operation of a peer in one case. */
export type PeerOperation =
  /** One request; `next` returns the next one to send. Measured at one or more connections. */
  | {
      readonly kind: 'request';
      readonly next: () => HttpRequest;
      readonly check: (answer: unknown) => void;
    }
  /**
   * A sequence of dependent requests, with which the peer's client gets the same result.
   * Resolves with the number of sessions.
   */
  | { readonly kind: 'walk'; readonly run: (client: Client) => Promise<number> };

/** A session to store. Parents come before children. */
export interface FixtureSession {
  readonly key: string;
  readonly parentKey: string | null;
  readonly title: string;
  readonly messages: readonly { role: 'user' | 'assistant'; text: string }[];
}

/** The cases that a peer may support. */
export type CaseName =
  | 'small-read'
  | 'tree-341'
  | 'tree-1111'
  | 'send-message'
  | 'spawn'
  | 'list-page'
  | 'history-page';

/** A running server of a peer. */
export interface RunningPeer {
  readonly url: string;
  readonly pid: number;
  readonly version: string;
  /**
   * Stores the trees `small` (341 sessions with two messages each) and `large` (1,111 sessions), and prepares
   * what the cases need.
   */
  load(
    fixture: {
      readonly small: readonly FixtureSession[];
      readonly large: readonly FixtureSession[];
    },
    client: Client,
    progress: (done: number, total: number) => void,
  ): Promise<void>;
  /** Available after `load`. Cases that the peer does not support are missing; `missing` has the reasons. */
  operations(): { readonly [name in CaseName]?: PeerOperation };
  readonly missing: Partial<Record<CaseName, string>>;
  stop(): Promise<void>;
}

/** Another project's server, to compare with. */
export interface Peer {
  readonly name: string;
  /** Starts the server. It writes only below `directory`. */
  start(directory: string): Promise<RunningPeer>;
}
