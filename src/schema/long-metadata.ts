import type { JsonObject } from '../model/json.ts';

/** Metadata that is read by itself, and parsed when it is first shown. */
export class LongMetadata {
  /** Size as JSON, in UTF-8. It may differ from the session's, which was read before. */
  readonly bytes: number;
  readonly #json: string;
  #value: JsonObject | undefined;

  constructor(json: string) {
    this.#json = json;
    this.bytes = Buffer.byteLength(json);
  }

  get value(): JsonObject {
    this.#value ??= JSON.parse(this.#json) as JsonObject;
    return this.#value;
  }
}
