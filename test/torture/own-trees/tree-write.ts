import type { NewMessage } from '../../../src/model/message.ts';
import type { WriteHistory } from '../../../src/repository/mutations.ts';
import type { Model } from '../../repository/properties/model.ts';
import type { ModelSession, ModelWrite, Said } from '../../repository/properties/model-session.ts';
import { keepOf } from '../state-after-write.ts';

/** The id in the model of a session that a write by its key creates, until the store has said which id it got. */
export const ID_TO_COME = '?';

/** The messages of the answer to a write. */
interface WriteEffect {
  readonly session: ModelSession;
  /** Of the given messages, and of the removed ones after them. */
  readonly contents: readonly string[];
  /** Indices of the given messages that were there and stayed as they were. */
  readonly left: readonly number[];
}

export const said = ({ content, key = null, toolCallId = null }: NewMessage): Said => ({
  content,
  key,
  toolCallId,
});

/** Applies a write to `model`. All its messages have the same cost. Throws as `applyTo` does. */
export function applyWrite(model: Model, input: WriteHistory): WriteEffect {
  const { sessionId, key, ownerId = null, messages } = input;
  const id = sessionId ?? model.withKey(key!, ownerId);
  const history = id === null ? undefined : model.sessions.get(id)?.history;
  if (id === null || !history) return applyCreation(model, id ?? ID_TO_COME, input);
  model.write(id, modelWriteOf(input), null);
  const keep = keepOf(history, input)!;
  const contents: string[] = [];
  const left: number[] = [];
  for (const [n, { key: given, content }] of (messages ?? []).entries()) {
    const there = history.findIndex((each) => each.key !== null && each.key === given);
    const isRedacted = input.onKey === 'REPLACE' && history[there]?.isRedacted === true;
    const isLeft = there !== -1 && there < keep && (input.onKey === 'IGNORE' || isRedacted);
    if (isLeft) left.push(n);
    contents.push(isLeft ? history[there]!.content : content);
  }
  const removed = history.slice(keep).map(({ content }) => content);
  return { session: model.sessions.get(id)!, contents: [...contents, ...removed], left };
}

/** Gives a session that a write created the id that the store has given it. */
export function nameCreated(model: Model, id: string): void {
  const created = model.sessions.get(ID_TO_COME);
  if (!created) return;
  model.sessions.delete(ID_TO_COME);
  model.sessions.set(id, { ...created, id });
}

function applyCreation(model: Model, id: string, input: WriteHistory): WriteEffect {
  const { key = null, ownerId = null, create, messages } = input;
  if (!create) throw new Error('SessionNotFoundError');
  const { parentId = null, title = null } = create;
  const write = modelWriteOf(input);
  const isAstray = key !== null && parentId !== null && model.owner(parentId) !== ownerId;
  if (isAstray && keepOf([], input) === 0) throw new Error('InvalidInputError');
  model.write(id, write, { parentId, userId: ownerId });
  const session = model.sessions.get(id)!;
  session.key = key;
  session.title = write.title === undefined ? title : write.title;
  return { session, contents: messages?.map(({ content }) => content) ?? [], left: [] };
}

function modelWriteOf({ messages, ...input }: WriteHistory): ModelWrite {
  const usage = messages?.[0]?.usage ?? null;
  return {
    ...input,
    messages: messages?.map(said) ?? [],
    cost: usage?.costUsd == null ? null : { model: null, usage },
  };
}
