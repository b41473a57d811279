import { Sessiontree } from '@sessiontree/client';
import { useState } from 'preact/hooks';
import { API_URL } from '../api/client.ts';
import { isToken, signIn } from '../api/sign-in.ts';
import { Dialog } from '../parts/dialog.tsx';
import { visible } from '../parts/visible.ts';

/** Asks for a token, over what is shown: that stays, and goes on from there. */
export function SignInDialog() {
  const [token, setToken] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const isAgain = signIn.token !== null;
  const submit = async (event: Event) => {
    event.preventDefault();
    const entered = token.trim();
    if (isBusy || entered === '') return;
    setBusy(true);
    setFault(null);
    const fault = await faultOf(entered);
    if (fault === null) return signIn.accept(entered);
    setFault(fault);
    setBusy(false);
  };
  return (
    // Without a token, there is nothing to go back to.
    <Dialog title="Sign in" onClose={({ currentTarget }) => (currentTarget as HTMLDialogElement).showModal()}>
      <form class="dialog-form" onSubmit={(event) => void submit(event)}>
        <p class="dim">
          {isAgain
            ? 'The server does not accept the token of this tab any more: it has expired, or was revoked. With another one, the page goes on where it is.'
            : 'This server asks who you are. Whoever runs it can give you a token. It is kept for this tab alone.'}
        </p>
        <label class="field">
          Token
          <input
            type="password"
            autocomplete="off"
            value={token}
            onInput={({ currentTarget }) => setToken(currentTarget.value)}
          />
        </label>
        <p class="is-bad" role="alert">
          {fault && visible(fault)}
        </p>
        <div class="dialog-buttons">
          <button type="submit" class="chip is-main" disabled={isBusy || token.trim() === ''}>
            Sign in
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Why a token cannot be used; null if the server accepts it. */
async function faultOf(token: string): Promise<string | null> {
  const refused = 'The server does not accept this token.';
  if (!isToken(token)) return refused;
  try {
    await new Sessiontree(API_URL, { token, maxRetries: 0 }).request('{ __typename }');
    return null;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return code === 'UNAUTHENTICATED' ? refused : message;
  }
}
