import { SessionExistsError } from '../../../model/errors.ts';
import type { Operation } from '../../../model/operation.ts';
import type { Session } from '../../../model/session.ts';
import type { UpdateSession } from '../../mutations.ts';
import { updateRecords } from '../../records/mutation-records.ts';
import type { WriteParts } from './parts.ts';
import { keyHolder } from './session-there.ts';

/** Changes what sessions say of themselves. */
export class Updates {
  readonly #parts: WriteParts;

  constructor(parts: WriteParts) {
    this.#parts = parts;
  }

  /** Rejects with a SessionExistsError if another session of the owner has the key. */
  async update(input: UpdateSession, operation: Operation): Promise<Session> {
    const { sessionId, key, expectedVersion } = input;
    const { mutations, limits } = this.#parts;
    return await mutations.run(sessionId, {
      expectedVersion,
      operation,
      isAlone: key != null,
      prepare:
        key == null
          ? undefined
          : async ({ owner }, queries) => {
              const holder = await keyHolder(queries, owner, key);
              if (holder && holder.id !== sessionId) throw SessionExistsError.key(key, holder.id);
            },
      records: (stamp, state) => updateRecords(stamp, state, input, limits),
      answer: (session) => session,
    });
  }
}
