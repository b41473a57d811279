/** A request as a peer wants it sent. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The client that all contenders are measured with: one keep-alive connection. */
export interface Client {
  /** Gives the parsed JSON; rejects on a status outside 2xx. */
  json(request: HttpRequest): Promise<unknown>;
}

/** What a peer is asked to do for one case. */
export type PeerOperation =
  /** One request; `next` gives the next one to send. Measured at 1 or more connections. */
  | {
      readonly kind: 'request';
      readonly next: () => HttpRequest;
      readonly check: (answer: unknown) => void;
    }
  /**
   * Requests that follow from one another: how its client gets the same thing.
   * Resolves with how many sessions it got.
   */
  | { readonly kind: 'walk'; readonly run: (client: Client) => Promise<number> };

/** A session to store; a parent comes before its children. */
export interface FixtureSession {
  readonly key: string;
  readonly parentKey: string | null;
  readonly title: string;
  readonly messages: readonly { role: 'user' | 'assistant'; text: string }[];
}

/** The cases that may exist at a peer. */
export type CaseName =
  | 'small-read'
  | 'tree-341'
  | 'tree-1111'
  | 'send-message'
  | 'spawn'
  | 'list-page'
  | 'history-page';

/** A peer's server, started and answering. */
export interface RunningPeer {
  readonly url: string;
  readonly pid: number;
  readonly version: string;
  /**
   * Stores the trees `small` (341, each with two messages) and `large` (1,111) in it, and readies
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
  /** After `load`. A case that does not exist there is missing, with the reason in `missing`. */
  operations(): { readonly [name in CaseName]?: PeerOperation };
  readonly missing: Partial<Record<CaseName, string>>;
  stop(): Promise<void>;
}

/** Another project's server, to compare with. */
export interface Peer {
  readonly name: string;
  /** Starts it, with all that it writes below `directory`. */
  start(directory: string): Promise<RunningPeer>;
}
