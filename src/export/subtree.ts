import type { Session } from '../model/session.ts';
import type { SessionReader } from '../repository/repository.ts';

const SESSIONS_A_PAGE = 1_000;

/** `top` and all sessions beneath it, in pre-order. */
export async function* subtree(reader: SessionReader, top: Session): AsyncGenerator<Session> {
  yield top;
  let after: string | undefined;
  for (let more = true; more; ) {
    const page = { limit: SESSIONS_A_PAGE, from: 'start', after } as const;
    const [read] = await reader.descendantsOf([top.id], page, null);
    yield* read!.items;
    after = read!.items.at(-1)?.id;
    more = read!.hasMore;
  }
}
