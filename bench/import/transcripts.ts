import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Sizes in bytes of the outputs of tools: most are small, and a few make up most of a file. */
const OUTPUT_BYTES = [300, 900, 2_000, 4_000, 12_000, 60_000];
const RESPONSES_A_TURN = 12;
const START = Date.parse('2026-03-01T10:00:00Z');

/** Writes lines to a file, and counts their bytes. */
class LineFile {
  bytes = 0;
  readonly #stream;

  constructor(path: string) {
    this.#stream = createWriteStream(path);
  }

  async write(lines: readonly object[]): Promise<void> {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    this.bytes += Buffer.byteLength(text);
    if (!this.#stream.write(text)) await once(this.#stream, 'drain');
  }

  async close(): Promise<void> {
    this.#stream.end();
    await once(this.#stream, 'close');
  }
}

/** Text of `bytes` bytes that looks like the output of a command, the same for the same `seed`. */
function outputOf(seed: number, bytes: number): string {
  let text = '';
  for (let n = 0; text.length < bytes; n += 1)
    text += `src/module-${(seed * 31 + n * 17) % 997}.ts:${n}: const value${(seed + n * 7) % 1009} = await read("${n.toString(36)}");\n`;
  return text.slice(0, bytes);
}

/** An id in the form of a UUID, the same for the same `text`. */
function uuidOf(text: string): string {
  const hash = createHash('sha256').update(text).digest('hex');
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `7${hash.slice(13, 16)}`,
    hash.slice(16, 20),
    hash.slice(20, 32),
  ].join('-');
}

/** Writes a home of Codex below `folder` with one rollout of about `bytes` bytes, as 0.104 wrote them. */
export async function writeCodexHome(folder: string, bytes: number): Promise<void> {
  const id = uuidOf('rollout');
  const path = join(folder, `sessions/2026/03/01/rollout-2026-03-01T10-00-00-${id}.jsonl`);
  await mkdir(dirname(path), { recursive: true });
  const file = new LineFile(path);
  let time = START;
  const line = (type: string, payload: object) => {
    time += 250;
    return { timestamp: new Date(time).toISOString(), type, payload };
  };
  const total = { input_tokens: 0, cached_input_tokens: 0, output_tokens: 0, reasoning_output_tokens: 0 };
  await file.write([
    line('session_meta', {
      id,
      timestamp: new Date(START).toISOString(),
      cwd: '/home/eve/lab',
      cli_version: '0.104.0',
    }),
  ]);
  for (let turn = 0, call = 0; file.bytes < bytes; turn += 1) {
    const turnId = `turn-${turn}`;
    const prompt = `Please look into module ${turn}`;
    await file.write([
      line('event_msg', { type: 'task_started', turn_id: turnId }),
      line('turn_context', { turn_id: turnId, cwd: '/home/eve/lab', model: 'model-a', effort: 'high' }),
      line('response_item', {
        type: 'message',
        role: 'user',
        content: [{ type: 'input_text', text: prompt }],
      }),
      line('event_msg', { type: 'user_message', message: prompt }),
    ]);
    for (let response = 0; response < RESPONSES_A_TURN; response += 1, call += 1) {
      const last = {
        input_tokens: 5_000 + call,
        cached_input_tokens: 4_000,
        output_tokens: 90,
        reasoning_output_tokens: 30,
      };
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += last[name];
      const counted = line('event_msg', {
        type: 'token_count',
        info: { total_token_usage: { ...total }, last_token_usage: last },
        rate_limits: null,
      });
      const output = outputOf(call, OUTPUT_BYTES[call % OUTPUT_BYTES.length]!);
      await file.write([
        line('response_item', {
          type: 'reasoning',
          summary: [{ type: 'summary_text', text: 'I look for the place.' }],
          encrypted_content: 'c'.repeat(400),
        }),
        line('response_item', {
          type: 'function_call',
          name: 'shell',
          arguments: JSON.stringify({ command: ['grep', '-rn', `value${call}`] }),
          call_id: `call-${call}`,
        }),
        counted,
        line('response_item', { type: 'function_call_output', call_id: `call-${call}`, output }),
        counted,
      ]);
    }
    await file.write([
      line('response_item', {
        type: 'message',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'Found, and mended.' }],
      }),
      line('event_msg', { type: 'task_complete', turn_id: turnId }),
    ]);
  }
  await file.close();
}

/** Sessions of Claude Code, each with this many subagents. */
const AGENTS_A_SESSION = 2;
const FILE_BYTES = 1_200_000;

/** Writes transcripts of Claude Code below `folder`, of about `bytes` bytes: sessions with subagents. */
export async function writeClaudeProjects(folder: string, bytes: number): Promise<void> {
  const project = join(folder, 'projects/-home-eve-lab');
  await mkdir(project, { recursive: true });
  for (let written = 0, session = 0; written < bytes; session += 1) {
    const id = uuidOf(`session ${session}`);
    // A few are much larger than the others.
    const size = session % 20 === 0 ? 10 * FILE_BYTES : FILE_BYTES;
    written += await writeTranscript(join(project, `${id}.jsonl`), {
      id,
      size,
      seed: session * 10_000,
      agentId: null,
    });
    await mkdir(join(project, id, 'subagents'), { recursive: true });
    for (let agent = 0; agent < AGENTS_A_SESSION; agent += 1) {
      const agentId = `a${agent}`;
      const path = join(project, id, `subagents/agent-${agentId}.jsonl`);
      written += await writeTranscript(path, {
        id,
        size: FILE_BYTES / 4,
        seed: session * 10_000 + 3_000 * (agent + 1),
        agentId,
      });
    }
  }
}

interface TranscriptOptions {
  readonly id: string;
  readonly size: number;
  readonly seed: number;
  readonly agentId: string | null;
}

async function writeTranscript(
  path: string,
  { id, size, seed, agentId }: TranscriptOptions,
): Promise<number> {
  const file = new LineFile(path);
  let parentUuid: string | null = null;
  let count = 0;
  const line = (type: string, members: object) => {
    count += 1;
    const uuid = uuidOf(`${path} ${count}`);
    const made = {
      parentUuid,
      isSidechain: agentId !== null,
      ...(agentId !== null && { agentId }),
      userType: 'external',
      cwd: '/home/eve/lab',
      sessionId: id,
      version: '2.1.42',
      gitBranch: 'main',
      type,
      ...members,
      uuid,
      timestamp: new Date(START + seed * 1000 + count * 250).toISOString(),
    };
    parentUuid = uuid;
    return made;
  };
  for (let call = seed; file.bytes < size; call += 1) {
    const toolCallId = `toolu_${call}_${agentId ?? ''}`;
    const output = outputOf(call, OUTPUT_BYTES[call % OUTPUT_BYTES.length]! / 4);
    const message = {
      id: `msg_${call}_${agentId ?? ''}`,
      type: 'message',
      role: 'assistant',
      model: 'model-a',
      usage: {
        input_tokens: 10,
        cache_creation_input_tokens: 200,
        cache_read_input_tokens: 30_000,
        output_tokens: 90,
      },
    };
    const part = (block: object) =>
      line('assistant', { requestId: `req_${call}`, message: { ...message, content: [block] } });
    await file.write([
      ...(call % RESPONSES_A_TURN === 0 || call === seed
        ? [line('user', { message: { role: 'user', content: `Please look into module ${call}` } })]
        : []),
      part({ type: 'thinking', thinking: 'I look for the place.', signature: 's'.repeat(400) }),
      part({ type: 'text', text: 'I read the file.' }),
      part({
        type: 'tool_use',
        id: toolCallId,
        name: 'Read',
        input: { file_path: `/home/eve/lab/src/module-${call}.ts` },
      }),
      line('user', {
        message: {
          role: 'user',
          content: [{ tool_use_id: toolCallId, type: 'tool_result', content: output }],
        },
        toolUseResult: {
          type: 'text',
          file: { filePath: `/home/eve/lab/src/module-${call}.ts`, content: output, numLines: 80 },
        },
      }),
    ]);
  }
  await file.close();
  return file.bytes;
}
