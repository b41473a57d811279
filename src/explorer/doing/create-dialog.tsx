import { useState } from 'preact/hooks';
import { addressBar, sessionAddress } from '../address.ts';
import { client } from '../api/client.ts';
import type { OpenTree } from '../tree/open-tree.ts';
import { FormDialog, TextField } from './form-dialog.tsx';
import { nameIn } from './name-in.ts';
import { Operation } from './operation.ts';

interface Props {
  /** The session that gets a child; null for a tree of its own. */
  readonly parent: { readonly tree: OpenTree; readonly sessionId: string } | null;
}

/** Creates a tree, or a child of a session. */
export function CreateDialog({ parent }: Props) {
  const [title, setTitle] = useState('');
  const [agentName, setAgentName] = useState('');
  const [project, setProject] = useState('');
  const [message, setMessage] = useState('');
  const [operation] = useState(() => new Operation());
  const create = async () => {
    const fields = {
      title: title.trim() || null,
      agentName: agentName.trim() || null,
      // A child that is not given a project has its parent's.
      ...(project.trim() && { project: project.trim() }),
      ...(message.trim() && { messages: [{ role: 'USER' as const, content: message }] }),
    };
    const input = { ...fields, operationId: operation.idFor(fields) };
    const { session } = await (parent
      ? client.sessions.spawn(parent.sessionId, input)
      : client.sessions.create(input));
    parent?.tree.took('CREATED', session);
    addressBar.go(sessionAddress(parent?.tree.id ?? session.id, session.id));
  };
  return (
    <FormDialog
      title={parent ? `New session beneath “${nameIn(parent.tree, parent.sessionId)}”` : 'New tree'}
      verb="Create"
      onSubmit={create}
    >
      <TextField label="Title" value={title} onInput={setTitle} />
      <TextField label="Agent" value={agentName} onInput={setAgentName} placeholder="planner" />
      <TextField
        label="Project"
        value={project}
        onInput={setProject}
        placeholder={parent ? 'that of the parent' : ''}
      />
      <TextField label="First message" value={message} onInput={setMessage} isLong />
    </FormDialog>
  );
}
