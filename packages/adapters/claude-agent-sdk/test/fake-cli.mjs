import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

/**
 * Speaks the protocol of the CLI over its standard streams, without a model: it answers "Answer <n> to <prompt>", where n counts the answers of
 * the session, and writes its transcript, which it mirrors. A prompt that begins with "Spawn" has a subagent first.
 */
const { values } = parseArgs({ options: { resume: { type: 'string' } }, strict: false });
const sessionId = values.resume ?? crypto.randomUUID();
const folder = join(
  process.env.CLAUDE_CONFIG_DIR,
  'projects',
  process.cwd().replaceAll(/[^a-zA-Z0-9]/g, '-'),
);
const transcript = join(folder, `${sessionId}.jsonl`);
const lines = existsSync(transcript)
  ? readFileSync(transcript, 'utf8').trim().split('\n').map(JSON.parse)
  : [];
let answers = lines.filter(({ type }) => type === 'assistant').length;
const main = { last: lines.findLast(({ uuid }) => uuid)?.uuid ?? null };

function send(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function write(filePath, entries) {
  mkdirSync(dirname(filePath), { recursive: true });
  appendFileSync(filePath, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  send({ type: 'transcript_mirror', filePath, entries });
}

/** The next entry of a chain: each names the one before. */
function entryOf(chain, type, message, more = {}) {
  const uuid = crypto.randomUUID();
  const entry = {
    parentUuid: chain.last,
    sessionId,
    cwd: process.cwd(),
    type,
    uuid,
    timestamp: new Date().toISOString(),
    message,
    ...more,
  };
  chain.last = uuid;
  return entry;
}

function answerOf(text) {
  const id = `msg_${crypto.randomUUID()}`;
  const usage = { input_tokens: 3, output_tokens: 2 };
  return {
    id,
    type: 'message',
    role: 'assistant',
    model: 'fake',
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    usage,
  };
}

function prompt({ message }) {
  const text = typeof message.content === 'string' ? message.content : message.content[0].text;
  write(transcript, [
    { type: 'queue-operation', operation: 'enqueue', sessionId },
    entryOf(main, 'user', message),
  ]);
  if (text.startsWith('Spawn')) {
    const chain = { last: null };
    const agent = { isSidechain: true, agentId: 'a1' };
    const file = join(folder, sessionId, 'subagents/agent-a1.jsonl');
    send({
      type: 'transcript_mirror',
      filePath: file,
      entries: [{ type: 'agent_metadata', agentType: 'Explore', toolUseId: 'toolu_1' }],
    });
    write(file, [
      entryOf(chain, 'user', { role: 'user', content: 'Look' }, agent),
      entryOf(chain, 'assistant', answerOf('Seen'), agent),
    ]);
  }
  answers += 1;
  const answer = `Answer ${answers} to ${text}`;
  const entry = entryOf(main, 'assistant', answerOf(answer));
  write(transcript, [entry]);
  send({
    type: 'assistant',
    message: entry.message,
    parent_tool_use_id: null,
    session_id: sessionId,
    uuid: entry.uuid,
  });
  send({
    type: 'result',
    subtype: 'success',
    is_error: false,
    duration_ms: 1,
    duration_api_ms: 1,
    num_turns: 1,
    result: answer,
    session_id: sessionId,
    total_cost_usd: 0,
    usage: {},
    modelUsage: {},
    permission_denials: [],
    uuid: crypto.randomUUID(),
  });
}

for await (const line of createInterface(process.stdin)) {
  const message = JSON.parse(line);
  if (message.type === 'control_request')
    send({
      type: 'control_response',
      response: {
        subtype: 'success',
        request_id: message.request_id,
        response: { commands: [], models: [], account: {} },
      },
    });
  if (message.type === 'user') prompt(message);
}
