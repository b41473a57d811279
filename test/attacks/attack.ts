import type { Form } from './callers.ts';
import type { Answer } from './client.ts';
import type { ServerOptions, ServerProcess } from './server-process.ts';
import type { StoreWriter } from './store-writer.ts';

/** `short` in `npm test`, `long` in `npm run attacks`. */
export type Scale = 'short' | 'long';

/** The value for the scale of this run. */
export type Pick = <T>(short: T, long: T) => T;

export const pickFor =
  (scale: Scale): Pick =>
  (short, long) =>
    scale === 'short' ? short : long;

/** What an attack works with while it runs. */
export interface Scene {
  readonly server: ServerProcess;
  /** The data directory of the server. */
  readonly directory: string;
  readonly pick: Pick;
  /** Who sends the attack. */
  readonly form: Form;
  /** Records what a request got. Each must be one of the attack's `allowed`. */
  got(answer: Answer): void;
  /** Records a fault unless `condition` holds. */
  expect(condition: boolean, fault: string): void;
  /** Starts the next server on the same directory, after the attack has ended its own. It stays for the next attack. */
  next(): Promise<ServerProcess>;
  /** Starts a further server, which is killed at the end of the attack. */
  start(options?: Partial<ServerOptions>): Promise<ServerProcess>;
}

/** One attack. It does not depend on the order in which attacks run, except where it says so, and its sessions have ids that begin with its name. */
export interface Attack {
  readonly name: string;
  /** What the client sends, for the table. */
  readonly what: string;
  /** What each request of the attack may get: `200 ok`, `200 BUDGET_EXCEEDED`, `503 OVERLOADED`, `closed`. */
  readonly allowed: readonly string[];
  /** Writes the sessions that the attack needs, before the server starts. */
  readonly fill?: (store: StoreWriter, pick: Pick) => void;
  /** Also in the short form, attacks with options have a server of their own: one for those that have the same options. */
  readonly server?: Partial<ServerOptions>;
  /** Megabytes by which the process may grow, at its peak and whatever the scale. */
  readonly growthMb?: number;
  /** Bodies of many megabytes: one of them may take a turn of the event loop of up to 150 ms. */
  readonly hasLargeBodies?: boolean;
  /** Each run adds a hundred megabytes to the store: rare in floods, for the sake of the disk. */
  readonly fillsDisk?: boolean;
  /** The attack stops its server, or takes its connections or its directory: no good client beside it, no part in floods. */
  readonly isAlone?: boolean;
  /** The attack is of files at the start of its server, or takes the lock of its directory: it shares neither, also in the short form. */
  readonly hasOwnStore?: boolean;
  /** Only when sent so. Default: `anyone`, and the others unless `isAlone`. */
  readonly forms?: readonly Form[];
  /** Why the attack cannot run on this machine. */
  readonly whyNot?: () => string | null;
  readonly run: (scene: Scene) => Promise<void>;
}

/** Whether an attack can be sent so. One that stops its server may `start` others, which know no callers. */
export function isSentAs(form: Form, { forms, isAlone }: Attack): boolean {
  return forms ? forms.includes(form) : form === 'anyone' || !isAlone;
}

/** The default of `growthMb`. */
export const GROWTH_MB = 550;

/**
 * Whether a request of an attack may get `summary`. An answer that finds no room may be refused before the operation, or while the answer
 * is made: then its status is 200, as docs/errors.md says of OVERLOADED. Which of the two depends on what others hold at that moment.
 */
export function isAllowed({ allowed }: Attack, summary: string): boolean {
  return allowed.includes(summary === '200 OVERLOADED' ? '503 OVERLOADED' : summary);
}
