import { useState } from 'preact/hooks';
import { client } from '../api/client.ts';
import { withMod } from '../parts/keys.ts';
import { visible } from '../parts/visible.ts';
import { Operation } from './operation.ts';

/** What was begun to be written, by session: it is still there when one comes back. */
const begun = new Map<string, string>();

interface Props {
  readonly sessionId: string;
  readonly onSent: () => void;
}

/** Sends a message of the user to a session. */
export function Composer({ sessionId, onSent }: Props) {
  const [text, setText] = useState(begun.get(sessionId) ?? '');
  const [isSending, setSending] = useState(false);
  const [fault, setFault] = useState<Error | null>(null);
  const [operation] = useState(() => new Operation());
  const write = (value: string) => {
    setText(value);
    begun.set(sessionId, value);
  };
  const isReady = text.trim() !== '' && !isSending;
  const send = async () => {
    if (!isReady) return;
    setSending(true);
    setFault(null);
    try {
      const message = { role: 'USER' as const, content: text };
      await client.history.append(sessionId, message, { operationId: operation.idFor(message) });
      operation.done();
      write('');
      onSent();
    } catch (error) {
      setFault(error as Error);
    }
    setSending(false);
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <textarea
        rows={1}
        aria-label="Message"
        placeholder="Send a message as the user"
        value={text}
        readOnly={isSending}
        onInput={({ currentTarget }) => write(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          void send();
        }}
      />
      <kbd>{withMod('↵')}</kbd>
      <button type="submit" class="chip is-main" disabled={!isReady}>
        Send
      </button>
      <p class="is-bad" role="alert">
        {fault && visible(fault.message)}
      </p>
    </form>
  );
}
