import { useState } from 'preact/hooks';
import { addressBar, sessionAddress } from '../address.ts';
import { client } from '../api/client.ts';
import { count, counted } from '../parts/format.ts';
import type { OpenTree } from '../tree/open-tree.ts';
import { FormDialog, TextField } from './form-dialog.tsx';
import { nameIn } from './name-in.ts';
import { Operation } from './operation.ts';

interface Props {
  readonly tree: OpenTree;
  readonly sessionId: string;
  readonly message: { readonly id: string; readonly position: number } | null;
}

/** Copies a history, whole or through a message, into a new session. */
export function ForkDialog({ tree, sessionId, message }: Props) {
  const session = tree.rows.find(sessionId);
  const [title, setTitle] = useState(session?.title ?? '');
  const [asRoot, setAsRoot] = useState(false);
  const [operation] = useState(() => new Operation());
  const copied = message ? message.position + 1 : (session?.historyLength ?? 0);
  const fork = async () => {
    const fields = { throughMessageId: message?.id ?? null, title: title.trim() || null, asRoot };
    const { session: made } = await client.sessions.fork(sessionId, {
      ...fields,
      operationId: operation.idFor(fields),
    });
    if (!asRoot) tree.took('CREATED', made);
    addressBar.go(sessionAddress(asRoot ? made.id : tree.id, made.id));
  };
  const place = (value: boolean, words: string) => (
    <label class="choice">
      <input type="radio" name="place" checked={asRoot === value} onChange={() => setAsRoot(value)} />
      {words}
    </label>
  );
  return (
    <FormDialog
      title={message ? `Fork at #${count(message.position)}` : 'Fork the whole session'}
      verb="Fork"
      onSubmit={fork}
    >
      <p class="dim">
        The fork begins with {copied === 1 ? 'a copy' : 'copies'} of {counted(copied, 'message')} of “
        {nameIn(tree, sessionId)}”, and goes its own way from there.
      </p>
      <TextField label="Title" value={title} onInput={setTitle} />
      <fieldset>
        <legend>Where</legend>
        {place(false, 'Beneath the original')}
        {place(true, 'As a tree of its own')}
      </fieldset>
    </FormDialog>
  );
}
