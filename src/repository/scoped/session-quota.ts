import type { SessionReader } from '../repository.ts';

/** Bounds how many sessions there are in the trees of an owner. */
export interface SessionQuota {
  /** To be called before a write that may make a session in a tree of `ownerId`. */
  prepare(store: SessionReader, ownerId: string | null): Promise<SessionPlace>;
}

/** A place for one session. */
export interface SessionPlace {
  /** Takes the place. Throws a ForbiddenError if there is none left. */
  readonly take: () => void;
  /** To be called once the write has ended. */
  readonly end: (isWritten: boolean) => void;
}
