import { type Limits, withDefaultLimits } from '../../../model/limits.ts';
import type { Logger, Progress } from '../../observer.ts';

export const DURABILITIES = ['disk', 'os'] as const;
export type Durability = (typeof DURABILITIES)[number];

export interface FileRepositoryOptions {
  /** The data directory; created if missing. */
  readonly directory: string;
  /**
   * The limits that differ from `DEFAULT_LIMITS`. Only `metadataBytes` and `metadataDepth` matter here: merged metadata can exceed them
   * although the patch did not.
   */
  readonly limits?: Partial<Limits>;
  /**
   * When a write is acknowledged: `disk`, once it is on the disk; `os`, once the system has it, which a power
   * cut or a crash of the system can lose. Default: `disk`.
   */
  readonly durability?: Durability;
  /** True: also opens a store into which another one was not copied whole, for `load` to go on. Default: false. */
  readonly mayBeUnfinished?: boolean;
  readonly logger?: Logger;
  readonly onProgress?: Progress;
  /** Told of each committed mutation: how many milliseconds it took until it could be answered. Must not throw. */
  readonly onCommit?: ((milliseconds: number) => void) | null;
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export interface FileRepositorySettings extends Required<FileRepositoryOptions> {
  readonly limits: Limits;
}

/** An undefined option takes its default. Throws a TypeError if `durability` is neither `disk` nor `os`, or a limit that is not an integer of 0 or more. */
export function withDefaults({
  directory,
  limits,
  durability = 'disk',
  mayBeUnfinished = false,
  logger = silent,
  onProgress = () => {},
  onCommit = null,
}: FileRepositoryOptions): FileRepositorySettings {
  if (!DURABILITIES.includes(durability))
    throw new TypeError(
      `durability: expected ${DURABILITIES.join(' or ')}, got ${JSON.stringify(durability)}`,
    );
  return {
    directory,
    limits: withDefaultLimits(limits),
    durability,
    mayBeUnfinished,
    logger,
    onProgress,
    onCommit,
  };
}
