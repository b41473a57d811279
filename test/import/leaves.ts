import { isJsonObject, type JsonValue } from '../../src/model/json.ts';
import type { Message } from '../../src/model/message.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import type { WholeSession } from '../../src/repository/whole-sessions.ts';
import { historyIn, sessionsIn } from './claude/support.ts';

/** A value within JSON that is no list and no object. */
export interface Leaf {
  /** The names of the members that lead to it, `[]` for the element of a list: `message.content[].text`. */
  readonly path: string;
  /** The last of these names. */
  readonly name: string;
  readonly value: string | number | boolean;
}

/** The leaves of a JSON value, without those that say nothing: null, and the empty text. */
export function* leavesOf(value: JsonValue | undefined, path = '', name = ''): Generator<Leaf> {
  if (value === null || value === undefined || value === '') return;
  if (Array.isArray(value)) for (const element of value) yield* leavesOf(element, `${path}[]`, name);
  else if (isJsonObject(value))
    for (const [member, inner] of Object.entries(value))
      yield* leavesOf(inner, path === '' ? member : `${path}.${member}`, member);
  else yield { path, name, value };
}

/** All that a store says of its sessions, in a form in which leaves can be looked for. */
export class StoredLeaves {
  /** Of payloads, metadata and the arguments of calls: names with values. */
  readonly #named = new Set<string>();
  /** The values of the fields. */
  readonly #values = new Set<string | number>();
  #texts = '';

  static async of(repository: SessionRepository): Promise<StoredLeaves> {
    const stored = new StoredLeaves();
    for (const session of await sessionsIn(repository)) {
      stored.#addSession(session);
      for (const message of await historyIn(repository, session.id)) stored.#addMessage(message);
    }
    return stored;
  }

  /** Whether a member of the leaf's name has its value, or a field has it: a text can be a part of one, a time has another form. */
  has({ name, value }: Leaf): boolean {
    if (this.#named.has(JSON.stringify([name, value]))) return true;
    if (typeof value === 'boolean') return false;
    if (this.#values.has(value)) return true;
    if (typeof value === 'number') return this.#values.has(Math.round(value * 1000));
    return this.#values.has(Date.parse(value)) || this.#texts.includes(value.trim());
  }

  #addSession({ metadata: { import: _, ...metadata }, ...session }: WholeSession): void {
    const { id, key, title, agentName, project, status, statusMessage } = session;
    const { createdAt, archivedAt, lastActiveAt, spawnedBy, parentId } = session;
    this.#addNamed(metadata);
    this.#addValues(Object.values(metadata).filter((value) => typeof value === 'string'));
    this.#addValues([id, key, agentName, project, status, spawnedBy?.toolCallId, parentId]);
    this.#addValues([createdAt, archivedAt, lastActiveAt]);
    this.#addTexts([title, statusMessage]);
  }

  #addMessage({ content, reasoning, toolCalls, payload, metadata, usage, ...message }: Message): void {
    const { key, kind, name, toolCallId, model, createdAt } = message;
    this.#addTexts([content, reasoning]);
    this.#addValues([key, kind, name, toolCallId, model, createdAt]);
    for (const call of toolCalls ?? []) {
      this.#addValues([call.toolCallId, call.name]);
      if (typeof call.arguments === 'string') this.#addTexts([call.arguments]);
      else this.#addNamed(call.arguments);
    }
    this.#addNamed(payload);
    this.#addNamed(metadata);
    // Some have names of our own: `messageId`.
    this.#addValues(Object.values(metadata).filter((value) => typeof value === 'string'));
    this.#addValues(Object.values(usage ?? {}));
  }

  #addNamed(value: JsonValue): void {
    for (const leaf of leavesOf(value)) this.#named.add(JSON.stringify([leaf.name, leaf.value]));
  }

  #addValues(values: readonly (string | number | Date | null | undefined)[]): void {
    for (const value of values)
      if (value != null) this.#values.add(value instanceof Date ? value.getTime() : value);
  }

  #addTexts(texts: readonly (string | null)[]): void {
    for (const text of texts) if (text !== null) this.#texts += `${text}\n`;
  }
}
