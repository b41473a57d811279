import { DEFAULT_LIMITS, type Limits } from '../../model/limits.ts';
import type { Logger, Progress } from '../observer.ts';

export const DURABILITIES = ['disk', 'os'] as const;
export type Durability = (typeof DURABILITIES)[number];

export interface FileRepositoryOptions {
  /** The data directory; made when it is not there. */
  readonly directory: string;
  /** Only `metadataBytes` and `metadataDepth` matter here: a merge can pass them where the patch did not. */
  readonly limits?: Pick<Limits, 'metadataBytes' | 'metadataDepth'>;
  /**
   * When a write is answered: `disk`, once it is on the disk; `os`, once the system has it, which a power cut or a crash
   * of the system can lose. Left out: `disk`.
   */
  readonly durability?: Durability;
  readonly logger?: Logger;
  readonly onProgress?: Progress;
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** What is undefined counts as left out. Throws a TypeError where `durability` is none. */
export function withDefaults({
  directory,
  limits = DEFAULT_LIMITS,
  durability = 'disk',
  logger = silent,
  onProgress = () => {},
}: FileRepositoryOptions): Required<FileRepositoryOptions> {
  if (!DURABILITIES.includes(durability))
    throw new TypeError(
      `durability: expected ${DURABILITIES.join(' or ')}, got ${JSON.stringify(durability)}`,
    );
  return { directory, limits, durability, logger, onProgress };
}
