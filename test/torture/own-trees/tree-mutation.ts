import type { Operation } from '../../../src/model/operation.ts';
import type {
  AppendMessages,
  ArchiveSession,
  CreateSession,
  DeleteSession,
  ForkSession,
  MoveSession,
  RedactMessages,
  TruncateHistory,
  UpdateSession,
  WriteHistory,
} from '../../../src/repository/mutations.ts';
import type { Model } from '../../repository/properties/model.ts';
import type { ModelSession } from '../../repository/properties/model-session.ts';
import { applyWrite, said } from './tree-write.ts';

/** `kind` is the method of the repository. */
export type TreeMutation = { readonly operation?: Operation } & (
  | { readonly kind: 'create'; readonly input: CreateSession & { readonly id: string } }
  | { readonly kind: 'append'; readonly input: AppendMessages }
  | { readonly kind: 'update'; readonly input: UpdateSession }
  | { readonly kind: 'writeHistory'; readonly input: WriteHistory }
  | { readonly kind: 'delete'; readonly input: DeleteSession }
  | { readonly kind: 'move'; readonly input: MoveSession }
  | { readonly kind: 'archive'; readonly input: ArchiveSession }
  | { readonly kind: 'truncate'; readonly input: TruncateHistory }
  | { readonly kind: 'redact'; readonly input: RedactMessages }
  | { readonly kind: 'fork'; readonly input: ForkSession & { readonly id: string } }
);

export function describe({ kind, input, operation }: TreeMutation): string {
  const text = JSON.stringify(input);
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return `${kind} ${shown}${operation ? `, operation ${operation.id}` : ''}`;
}

/** What an answer must contain besides the session, as texts that can be compared and shown. */
export interface Effect {
  /** The session of the answer; null if it has none. */
  readonly session: ModelSession | null;
  readonly ids: readonly string[];
  readonly contents: readonly string[];
  /** Indices of `contents` of which a retry answers with what is there by then. */
  readonly left: readonly number[];
}

/**
 * Applies `mutation` to `model`, and returns the answer that the store must give. Throws an Error whose message is the name of
 * the error with which the store must refuse it; `model` is then unusable.
 */
export function applyTo(model: Model, mutation: TreeMutation): Effect {
  const effect = (id: string, parts: Partial<Effect> = {}): Effect => ({
    session: model.sessions.get(id) ?? null,
    ids: [],
    contents: [],
    left: [],
    ...parts,
  });
  switch (mutation.kind) {
    case 'create': {
      const { id, parentId, messages, userId, key } = mutation.input;
      model.create(id, parentId ?? null, { userId, key, messages: messages?.map(said) });
      return effect(id);
    }
    case 'append':
    case 'writeHistory': {
      const { session, contents, left } = applyWrite(model, mutation.input);
      return effect(session.id, { contents, left });
    }
    case 'update':
      model.update(mutation.input.sessionId, {
        title: mutation.input.title ?? null,
        key: mutation.input.key,
      });
      return effect(mutation.input.sessionId);
    case 'delete': {
      const { sessionId: id, mode } = mutation.input;
      const beneath = model.sessions.has(id) ? model.descendants(id).map((session) => session.id) : [];
      const reparented = mode === 'REPARENT' && model.sessions.has(id) ? model.children(id) : [];
      model.delete(id, mode);
      const deleted = mode === 'CASCADE' ? [id, ...beneath] : [id];
      return effect(id, { ids: [...deleted, ...reparented.map((session) => session.id)] });
    }
    case 'move': {
      const { sessionId, parentId } = mutation.input;
      const formerParentId = model.sessions.get(sessionId)?.parentId ?? null;
      model.move(sessionId, parentId);
      return effect(sessionId, { ids: formerParentId === null ? [] : [formerParentId] });
    }
    case 'archive': {
      const { sessionId: id, archived, subtree } = mutation.input;
      const all = [model.sessions.get(id), ...(subtree ? model.descendants(id) : [])];
      const changed = all.flatMap((session) =>
        session && session.archived !== archived ? [session.id] : [],
      );
      model.archive(id, archived, subtree);
      return effect(id, { ids: changed });
    }
    case 'truncate': {
      const { sessionId, keep } = mutation.input;
      const dropped = model.sessions.get(sessionId)?.history.slice(keep) ?? [];
      model.truncate(sessionId, keep);
      return effect(sessionId, { contents: dropped.map(({ content }) => content) });
    }
    case 'redact': {
      const [message] = mutation.input.messages;
      model.redact(message!.sessionId, message!.ordinal);
      return effect(message!.sessionId, { contents: [''] });
    }
    case 'fork': {
      const { sessionId, throughMessage, id, asRoot, key = null } = mutation.input;
      const { history } = model.sessions.get(sessionId)!;
      const through = history.findIndex(({ ordinal }) => ordinal === throughMessage?.ordinal);
      model.fork(sessionId, id, through === -1 ? history.length : through, asRoot, key);
      return effect(id);
    }
  }
}
