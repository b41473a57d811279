import { Observable } from '../parts/observable.ts';

/** Where the token is kept: each tab has its own. */
const KEY = 'sessiontree.token';

/** The token that goes with each request, where the server asks for one. */
class SignIn extends Observable {
  #token = tokenOfAddress() ?? sessionStorage.getItem(KEY);
  #isAsked = false;
  #waiting: (() => void)[] = [];

  constructor() {
    super();
    if (this.#token !== null) sessionStorage.setItem(KEY, this.#token);
    // A link with a token, opened where the page is open already: what is shown may be what another person sees.
    addEventListener('hashchange', () => {
      const token = tokenOfAddress();
      if (token !== null) this.#restart(token);
    });
  }

  get token(): string | null {
    return this.#token;
  }

  /** Whether the server has refused the token, or that there is none. */
  get isAsked(): boolean {
    return this.#isAsked;
  }

  /** Takes note that the server answered 401 to a request with `token`. */
  refuse(token: string | null): void {
    // Another one was given meanwhile.
    if (token !== this.#token || this.#isAsked) return;
    this.#isAsked = true;
    this.changed();
  }

  /** Goes on with a token that the server has accepted: what waited for one is asked again. */
  accept(token: string): void {
    this.#token = token;
    sessionStorage.setItem(KEY, token);
    this.#isAsked = false;
    this.changed();
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** False if `error` is not about the token; else true, as soon as it is worth asking again. Rejects with the reason of the signal. */
  async isRenewed(error: unknown, signal?: AbortSignal): Promise<boolean> {
    if ((error as { code?: string }).code !== 'UNAUTHENTICATED') return false;
    signal?.throwIfAborted();
    if (this.#isAsked)
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push(resolve);
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    return true;
  }

  /** Forgets the token, and all that was read with it. */
  signOut(): void {
    this.#restart(null);
  }

  #restart(token: string | null): void {
    if (token === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
    location.reload();
  }
}

/** The token of a link that was shared, `#token=…`. It is taken out of the address, so that the address can be shown and copied. */
function tokenOfAddress(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token !== null) history.replaceState(history.state, '', location.pathname + location.search);
  return token !== null && isToken(token) ? token : null;
}

/** Whether a header can carry it: else it is no token of any server. */
export const isToken = (text: string) => /^[\x21-\x7e]+$/.test(text);

export const signIn = new SignIn();
