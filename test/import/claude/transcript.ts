import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { JsonObject, JsonValue } from '../../../src/model/json.ts';

/** Long enough ago that nothing counts as being written. */
const OLD = new Date('2026-03-02T00:00:00Z');
const START = Date.parse('2026-03-01T10:00:00Z');

export interface Usage {
  readonly input?: number;
  readonly cacheWrite?: number;
  readonly cacheRead?: number;
  readonly output?: number;
  readonly thinking?: number;
}

export interface Response {
  readonly id?: string;
  readonly requestId?: string;
  readonly model?: string;
  readonly usage?: Usage;
}

/** Makes a transcript of Claude Code, line by line. Everything is made up. */
export class Transcript {
  readonly sessionId: string;
  readonly lines: string[] = [];
  /** The parent of the next line. */
  head: string | null = null;
  /** Members that every line with a uuid has. */
  common: JsonObject = {
    isSidechain: false,
    userType: 'external',
    cwd: '/home/eve/lab',
    version: '2.1.40',
    gitBranch: 'main',
  };
  readonly #prefix: string;
  #lines = 0;
  #now = START;

  constructor(sessionId: string, { prefix = sessionId.slice(0, 4), start = START } = {}) {
    this.sessionId = sessionId;
    this.#prefix = prefix;
    this.#now = start;
  }

  /** Adds a line as it is; without a uuid, it is no part of the conversation. */
  note(line: JsonObject): this {
    this.lines.push(JSON.stringify({ ...line, sessionId: this.sessionId }));
    return this;
  }

  raw(text: string): this {
    this.lines.push(text);
    return this;
  }

  /** Adds a line of the conversation, and returns its uuid. */
  add(line: JsonObject): string {
    this.#lines += 1;
    this.#now += 1_000;
    const uuid = `${this.#prefix}-${String(this.#lines).padStart(4, '0')}`;
    const timestamp = new Date(this.#now).toISOString();
    this.lines.push(
      JSON.stringify({
        parentUuid: this.head,
        ...this.common,
        sessionId: this.sessionId,
        ...line,
        uuid,
        timestamp,
      }),
    );
    this.head = uuid;
    return uuid;
  }

  user(content: JsonValue, more: JsonObject = {}): string {
    return this.add({ type: 'user', message: { role: 'user', content }, ...more });
  }

  /** One line of a response for each block, as Claude Code writes them. */
  assistant(
    blocks: readonly JsonObject[],
    { id, requestId, model = 'model-a', usage = {} }: Response = {},
  ): string {
    const message = {
      id: id ?? `msg_${this.#prefix}_${this.#lines}`,
      role: 'assistant',
      type: 'message',
      model,
      stop_reason: null,
      usage: {
        input_tokens: usage.input ?? 10,
        cache_creation_input_tokens: usage.cacheWrite ?? 20,
        cache_read_input_tokens: usage.cacheRead ?? 300,
        output_tokens: usage.output ?? 5,
        output_tokens_details: { thinking_tokens: usage.thinking ?? 0 },
        service_tier: 'standard',
      },
    };
    for (const block of blocks)
      this.add({
        type: 'assistant',
        requestId: requestId ?? `req_${message.id}`,
        message: { ...message, content: [block] },
      });
    return this.head!;
  }

  say(text: string, response: Response = {}): string {
    return this.assistant([{ type: 'text', text }], response);
  }

  result(toolCallId: string, content: JsonValue, more: JsonObject = {}, isError = false): string {
    const block = {
      type: 'tool_result',
      tool_use_id: toolCallId,
      content,
      ...(isError && { is_error: true }),
    };
    return this.user([block], more);
  }

  get text(): string {
    return this.lines.map((line) => `${line}\n`).join('');
  }
}

export const thinking = (text: string): JsonObject => ({
  type: 'thinking',
  thinking: text,
  signature: 'c2ln',
});
export const text = (value: string): JsonObject => ({ type: 'text', text: value });
export const call = (id: string, name: string, input: JsonObject = {}): JsonObject => ({
  type: 'tool_use',
  id,
  name,
  input,
});

/** Writes files below `folder`, as if at a time long ago. */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string | Buffer>>,
  at = OLD,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    await utimes(path, at, at);
  }
}
