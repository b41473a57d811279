import { Observable } from '../parts/observable.ts';
import { client } from './client.ts';
import { signIn } from './sign-in.ts';

/** Of no session. */
const NO_SESSION = 'no-session';

/** What the person may do. The whole page is drawn again when that changes. */
class Access extends Observable {
  /** Null while it is not known. */
  #mayWrite: boolean | null = signIn.token === null ? true : null;

  get mayWrite(): boolean {
    return this.#mayWrite === true;
  }

  get isReadOnly(): boolean {
    return this.#mayWrite === false;
  }

  /** Finds out what the token gives a right to. */
  async read(): Promise<void> {
    if (signIn.token === null) return;
    try {
      // The API does not say it of a token: only of a mutation, and this one changes nothing.
      await client.sessions.delete(NO_SESSION, { dryRun: true });
    } catch (error) {
      const { code } = error as { code?: string };
      // The person is asked for another one.
      if (code === 'UNAUTHENTICATED') return;
      this.#mayWrite = code !== 'FORBIDDEN';
    }
    this.changed();
  }
}

export const access = new Access();
