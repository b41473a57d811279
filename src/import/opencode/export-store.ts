import { stat } from 'node:fs/promises';
import type { JsonObject } from '../../model/json.ts';
import type { Fault } from '../format.ts';
import { countIn, objectIn, objectsIn, textIn } from '../source-json.ts';
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
    const { size, mtimeMs } = await stat(this.#path);
    const file = await readObject(this.#path);
    if (isFault(file)) {
      yield file;
      return;
    }
    const place = { path: this.#path, bytes: size, revision: `${size} ${mtimeMs}` };
    const session = sessionFromInfo(objectIn(file.info) ?? {}, {}, place);
    yield session ?? fault(this.#path, 'expected an info with an id');
  }

  async timesOf(_sessionId: string, limit: number): Promise<MessageTime[]> {
    return (await this.#messages()).slice(0, limit).map(({ info }) => ({
      role: textIn(info.role) ?? '',
      createdMs: countIn(objectIn(info.time)?.created),
    }));
  }

  async spawningCallsOf(): Promise<Map<string, string>> {
    // The children are not in the file.
    return new Map();
  }

  async *messages(): AsyncGenerator<OpencodeMessage> {
    yield* await this.#messages();
  }

  async #messages(): Promise<OpencodeMessage[]> {
    const file = await readObject(this.#path);
    const messages: JsonObject[] = isFault(file) ? [] : objectsIn(file.messages);
    return messages.flatMap(({ info, parts }) => {
      const described = objectIn(info);
      return described ? [{ info: described, parts: objectsIn(parts), path: this.#path }] : [];
    });
  }
}
