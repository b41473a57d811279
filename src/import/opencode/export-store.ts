import { stat } from 'node:fs/promises';
import type { Fault } from '../format.ts';
import { countIn, objectIn, objectsIn, textIn, without } from '../source-json.ts';
import { sessionFromInfo } from './session-info.ts';
import {
  fault,
  isFault,
  type MessageTime,
  type OpencodeMessage,
  type OpencodeSession,
  type OpencodeStore,
  readObject,
} from './store.ts';

/** A file made by `opencode export`: one session with its messages. */
export class ExportStore implements OpencodeStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async *sessions(): AsyncGenerator<OpencodeSession | Fault> {
    const file = await readObject(this.#path);
    if (isFault(file)) {
      yield file;
      return;
    }
    const { size, mtimeMs } = await stat(this.#path);
    const place = { path: this.#path, bytes: size, revision: `${size} ${mtimeMs}` };
    const session = sessionFromInfo(objectIn(file.info) ?? {}, without(file, ['info', 'messages']), place);
    yield session ?? fault(this.#path, 'expected an info with an id');
  }

  async timesOf(_sessionId: string, limit: number): Promise<MessageTime[]> {
    const times: MessageTime[] = [];
    for await (const message of this.messages()) {
      if (isFault(message) || times.length === limit) continue;
      const { role, time } = message.info;
      times.push({ role: textIn(role) ?? '', createdMs: countIn(objectIn(time)?.created) });
    }
    return times;
  }

  async spawningCallsOf(): Promise<Map<string, string>> {
    // The children are not in the file.
    return new Map();
  }

  async *messages(): AsyncGenerator<OpencodeMessage | Fault> {
    const file = await readObject(this.#path);
    if (isFault(file)) {
      yield file;
      return;
    }
    const messages = Array.isArray(file.messages) ? file.messages : [];
    for (const [n, message] of messages.entries()) {
      const { info: described, parts } = objectIn(message) ?? {};
      const info = objectIn(described);
      if (!info) {
        yield fault(this.#path, `message ${n + 1} of ${messages.length} has no info`);
        continue;
      }
      const id = textIn(info.id) ?? `message:${n}`;
      const named = objectsIn(parts).map((part, m) => ({ ...part, id: textIn(part.id) ?? `${id}:${m}` }));
      yield { info: { ...info, id }, parts: named, path: this.#path };
    }
  }
}
