import type { JsonObject } from '../../../src/model/json.ts';

const START = Date.parse('2026-03-01T10:00:00Z');

export interface Counts {
  readonly input?: number;
  readonly cached?: number;
  readonly output?: number;
  readonly reasoning?: number;
}

/** Makes a rollout of Codex, line by line. Everything is made up. */
export class Rollout {
  readonly id: string;
  readonly lines: string[] = [];
  /** The ordinal of the next line; null: a version before 0.171. */
  ordinal: number | null;
  #time = START;
  #total = counts({});

  constructor(id: string, meta: JsonObject = {}, ordinal: number | null = 0) {
    this.id = id;
    this.ordinal = ordinal;
    this.add('session_meta', {
      id,
      session_id: id,
      timestamp: '2026-03-01T10:00:00.000Z',
      cwd: '/home/eve/lab',
      cli_version: '0.171.0',
      ...meta,
    });
  }

  get name(): string {
    return `sessions/2026/03/01/rollout-2026-03-01T10-00-00-${this.id}.jsonl`;
  }

  get text(): string {
    return this.lines.map((line) => `${line}\n`).join('');
  }

  add(type: string, payload: JsonObject): this {
    this.#time += 1000;
    const timestamp = new Date(this.#time).toISOString();
    const place = this.ordinal === null ? {} : { ordinal: this.ordinal };
    this.lines.push(JSON.stringify({ timestamp, ...place, type, payload }));
    if (this.ordinal !== null) this.ordinal += 1;
    return this;
  }

  raw(line: string): this {
    this.lines.push(line);
    return this;
  }

  /** The lines of another, with new times, as old forks have them. */
  copy(other: Rollout, count = other.lines.length): this {
    for (const line of other.lines.slice(0, count)) {
      const { type, payload } = JSON.parse(line) as { type: string; payload: JsonObject };
      this.add(type, payload);
    }
    return this;
  }

  item(payload: JsonObject): this {
    return this.add('response_item', payload);
  }

  event(payload: JsonObject): this {
    return this.add('event_msg', payload);
  }

  turn(id: string, model = 'model-a'): this {
    this.event({ type: 'task_started', turn_id: id });
    return this.add('turn_context', { turn_id: id, cwd: '/home/eve/lab', model, effort: 'high' });
  }

  user(text: string): this {
    this.item({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
    return this.event({ type: 'user_message', message: text });
  }

  say(text: string, id?: string): this {
    return this.item({
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_text', text }],
      ...(id && { id }),
    });
  }

  think(text: string): this {
    return this.item({
      type: 'reasoning',
      summary: [{ type: 'summary_text', text }],
      encrypted_content: 'c2VjcmV0',
    });
  }

  call(callId: string, name: string, args: JsonObject): this {
    return this.item({ type: 'function_call', name, arguments: JSON.stringify(args), call_id: callId });
  }

  output(callId: string, output: string): this {
    return this.item({ type: 'function_call_output', call_id: callId, output });
  }

  /** What the response before cost, as 0.171 says it. */
  record(responseId: string, used: Counts): this {
    return this.add('token_usage_record', { response_id: responseId, usage: counts(used) });
  }

  /** What the response before cost, as earlier versions say it. */
  tokenCount(used: Counts): this {
    const last = counts(used);
    this.#total = Object.fromEntries(
      Object.entries(last).map(([name, count]) => [name, count + this.#total[name]!]),
    );
    return this.repeatTokenCount(last);
  }

  repeatTokenCount(last = counts({})): this {
    const info = { total_token_usage: { ...this.#total }, last_token_usage: last };
    return this.event({ type: 'token_count', info, rate_limits: null });
  }
}

/** The first line of a subagent says what spawned it. */
export function spawn(parent: string, more: JsonObject = {}): JsonObject {
  const thread = { parent_thread_id: parent, depth: 1, agent_nickname: 'Ada', agent_role: 'counter' };
  return { parent_thread_id: parent, source: { subagent: { thread_spawn: thread } }, ...more };
}

export function filesOf(...rollouts: readonly Rollout[]): Record<string, string> {
  return Object.fromEntries(rollouts.map(({ name, text }) => [name, text]));
}

function counts({ input = 0, cached = 0, output = 0, reasoning = 0 }: Counts): Record<string, number> {
  return {
    input_tokens: input,
    cached_input_tokens: cached,
    output_tokens: output,
    reasoning_output_tokens: reasoning,
    total_tokens: input + output,
  };
}
