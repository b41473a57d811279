import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { importSessionToStore, type SessionStoreEntry } from '@anthropic-ai/claude-agent-sdk';
import type { Message, Session, TokenUsage } from '@sessiontree/client';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { startServer } from '../../support/server.ts';
import { labAt, turn } from './support.ts';

const CLI = join(import.meta.dirname, '../../../../src/cli.ts');

const url = await startServer();
const { client, open, newKey } = labAt(url);

/** The folder of the local transcripts. */
let local: string;

beforeEach(async () => {
  local = await mkdtemp(join(tmpdir(), 'sessiontree-adapters-'));
  vi.stubEnv('CLAUDE_CONFIG_DIR', local);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await rm(local, { recursive: true });
  });
});

async function writeLocal(path: string, entries: readonly object[]): Promise<void> {
  const file = join(local, 'projects/-home-ada-trip', path);
  await mkdir(dirname(file), { recursive: true });
  const end = file.endsWith('.jsonl') ? '\n' : '';
  await writeFile(file, entries.map((entry) => JSON.stringify(entry) + end).join(''));
}

interface Described {
  readonly session: Partial<Session>;
  readonly messages: readonly Message[];
}

/** A tree as both ways have to make it: what the adapter divides into lines is put together again. */
async function treeOf(key: string): Promise<Described[]> {
  const root = await client.sessions.get({ key });
  const orderBy = { field: 'CREATED_AT', direction: 'ASC' } as const;
  const tree = await client.sessions.list({ filter: { rootId: root!.id }, orderBy }).toArray();
  return Promise.all(
    tree.map(async (session) => {
      const { title, agentName, project, status, createdAt, depth, messageCount, usage } = session;
      const { import: _, claudeAgentSdk: __, ...metadata } = session.metadata;
      const toolCallId = session.spawnedBy?.toolCallId ?? null;
      const listed = await client.history.list(session.id, { pageSize: 1_000 }).toArray();
      return {
        session: {
          title,
          agentName,
          project,
          status,
          createdAt,
          depth,
          messageCount,
          usage,
          metadata,
          toolCallId,
        },
        messages: responsesOf(listed.filter(({ key }) => key !== null)),
      };
    }),
  );
}

/** With the lines of each response as one message, at the place of the first. */
function responsesOf(messages: readonly Message[]): Message[] {
  const whole: Message[] = [];
  for (const message of messages) {
    const { id: _, position: __, replacedAt: ___, ...fields } = message as Message & Record<string, unknown>;
    const { messageId } = message.metadata;
    const at = whole.findIndex(
      (other) =>
        messageId !== undefined && other.metadata.messageId === messageId && other.role === 'ASSISTANT',
    );
    if (at === -1) whole.push(fields as unknown as Message);
    else whole[at] = joined(whole[at]!, message);
  }
  return whole;
}

function joined(first: Message, next: Message): Message {
  return {
    ...first,
    content: [first.content, next.content].filter((text) => text !== '').join('\n\n'),
    contentLength: 0,
    reasoning: [first.reasoning, next.reasoning].filter((text) => text !== null).join('\n\n') || null,
    toolCalls: [...first.toolCalls, ...next.toolCalls],
    usage: first.usage && next.usage ? sumOf(first.usage, next.usage) : (first.usage ?? next.usage),
  };
}

function sumOf(a: TokenUsage, b: TokenUsage): TokenUsage {
  const counts = Object.entries(a).map(([name, count]) => [
    name,
    count && count + b[name as keyof TokenUsage]!,
  ]);
  return Object.fromEntries(counts);
}

/** Equal but for what says how long a text is. */
function comparable(tree: readonly Described[]) {
  return tree.map(({ session, messages }) => ({
    session,
    messages: messages.map(({ contentLength: _, ...message }) => message),
  }));
}

async function importLocal(): Promise<void> {
  await promisify(execFile)(process.execPath, [CLI, 'import', 'claude', local, '--url', url]);
}

/** Lines of every kind that an import has a place for. */
function transcript(sessionId: string): SessionStoreEntry[] {
  const at = (second: number) => new Date(Date.UTC(2026, 2, 1, 10, 0, second)).toISOString();
  const common = {
    sessionId,
    cwd: '/home/ada/trip',
    gitBranch: 'main',
    version: '2.1.40',
    userType: 'external',
  };
  const lines: (SessionStoreEntry & { type: string })[] = [
    { type: 'user', message: { role: 'user', content: 'Which of these trains\ngoes to Porto?' } },
    { type: 'user', isMeta: true, message: { role: 'user', content: 'Caveat' } },
    { type: 'user', message: { role: 'user', content: '<local-command-stdout>ok</local-command-stdout>' } },
    { type: 'attachment', attachment: { type: 'date', date: 'x' }, rendered: [{ content: 'Today' }] },
    { type: 'attachment', attachment: { type: 'file', content: 'of a file' } },
    ...response('msg_1', { input_tokens: 12, cache_creation_input_tokens: 1_500, output_tokens: 8 }, [
      { type: 'thinking', thinking: 'A helper can read it.', signature: 'c2ln' },
      { type: 'text', text: 'I ask a helper.' },
      { type: 'tool_use', id: 'toolu_1', name: 'Task', input: { prompt: 'Read', subagent_type: 'Explore' } },
      { type: 'tool_use', id: 'toolu_2', name: 'Bash', input: { command: 'ls' } },
    ]),
    {
      type: 'user',
      cwd: '/home/ada/other',
      gitBranch: 'feature',
      message: {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'The 9:30' }] },
          { type: 'tool_result', tool_use_id: 'toolu_2', content: 'No such file', is_error: true },
          { type: 'text', text: 'And now?' },
        ],
      },
      toolUseResult: { agentId: 'h1' },
    },
    {
      type: 'assistant',
      isApiErrorMessage: true,
      message: { id: 'e', model: '<synthetic>', content: [{ type: 'text', text: 'Overloaded' }] },
    },
    {
      type: 'assistant',
      message: { id: 's', model: '<synthetic>', content: [{ type: 'text', text: 'No response' }] },
    },
    {
      type: 'user',
      message: { role: 'user', content: [{ type: 'text', text: '[Request interrupted by user]' }] },
    },
    { type: 'system', subtype: 'compact_boundary', content: 'Compacted' },
    { type: 'system', subtype: 'api_error', content: '' },
    { type: 'user', isCompactSummary: true, message: { role: 'user', content: 'So far' } },
    ...response(
      'msg_2',
      {
        input_tokens: 15,
        cache_read_input_tokens: 1_500,
        output_tokens: 25,
        output_tokens_details: { thinking_tokens: 20 },
      },
      [{ type: 'text', text: 'The 9:30 goes to Porto.' }],
    ),
  ];
  const keyed = lines.map((line, n) => ({
    ...common,
    parentUuid: n === 0 ? null : `${sessionId}-${n - 1}`,
    uuid: `${sessionId}-${n}`,
    timestamp: at(n),
    isSidechain: false,
    ...line,
  }));
  return [
    { type: 'queue-operation', operation: 'enqueue', sessionId, timestamp: at(0) },
    ...keyed,
    { type: 'ai-title', aiTitle: 'Trains to Porto', sessionId },
    { type: 'mode', mode: 'plan', sessionId },
  ];
}

function response(id: string, usage: object, blocks: readonly object[]): SessionStoreEntry[] {
  return blocks.map((block) => ({
    type: 'assistant',
    requestId: `req_${id}`,
    message: { id, type: 'message', role: 'assistant', model: 'claude-sonnet-4-5', content: [block], usage },
  }));
}

test('a session has the fields that an import of the same transcript makes, however it is divided into appends', async () => {
  const { projectKey, sessionId } = newKey();
  const subagent = turn('h1', 0, { sessionId, agentId: 'h1', isSidechain: true });
  await writeLocal(`${sessionId}.jsonl`, transcript(sessionId));
  await writeLocal(`${sessionId}/subagents/agent-h1.jsonl`, subagent);
  const meta = {
    agentType: 'Explore',
    description: 'Read the timetable',
    toolUseId: 'toolu_1',
    finished: true,
  };
  await writeLocal(`${sessionId}/subagents/agent-h1.meta.json`, [meta]);
  await importLocal();
  const imported = comparable(await treeOf(`claude:${sessionId}`));
  expect(imported).toHaveLength(2);
  expect(imported[0]!.messages).toHaveLength(16);

  // As a running CLI does it: in the order of the file, one line at a time, and what it says of the subagent before that.
  const { store } = open();
  const agent = { projectKey, sessionId, subpath: 'subagents/agent-h1' };
  for (const entry of transcript(sessionId)) await store.append({ projectKey, sessionId }, [entry]);
  await store.append(agent, [{ type: 'agent_metadata', ...meta }, ...subagent]);
  expect(comparable(await treeOf(`claude-agent/${projectKey}/${sessionId}`))).toEqual(imported);

  // As the SDK copies a transcript that is there, with what it says of the subagent after it.
  for (const batchSize of [1, 7, 500]) {
    const copy = open().store;
    const keys: string[] = [];
    const store = {
      load: copy.load.bind(copy),
      append: (key: Parameters<typeof copy.append>[0], entries: SessionStoreEntry[]) => {
        keys.push(key.projectKey);
        return copy.append({ ...key, projectKey: `${projectKey}-${batchSize}` }, entries);
      },
    };
    await importSessionToStore(sessionId, store, { batchSize });
    expect(comparable(await treeOf(`claude-agent/${projectKey}-${batchSize}/${sessionId}`))).toEqual(
      imported,
    );
  }
});

interface FoundCalls {
  readonly rollup: { readonly usage: object };
  readonly history: { readonly nodes: readonly { readonly toolCalls: readonly object[] }[] };
}

test('search, usage and the calls of tools see what the entries say', async () => {
  const { store } = open();
  const key = newKey();
  const word = `w${randomUUID().replaceAll('-', '')}`;
  const entries = transcript(key.sessionId);
  await store.append(key, [
    ...entries,
    ...turn(word, 1, { message: { role: 'user', content: `Find ${word}` } }),
  ]);
  await store.append({ ...key, subpath: 'subagents/agent-h1' }, [
    { type: 'agent_metadata', toolUseId: 'toolu_1', agentType: 'Explore' },
    ...turn('h1', 0),
  ]);
  const root = await client.sessions.get({ key: `claude-agent/${key.projectKey}/${key.sessionId}` });
  const [hit] = await client.search(word).toArray();
  expect(hit!.message.content).toBe(`Find ${word}`);
  const { session } = await client.request<{ session: FoundCalls }>(
    `query ($id: ID!) { session(id: $id) {
      rollup { usage { inputTokens outputTokens } }
      history(roles: [ASSISTANT], first: 10) { nodes { toolCalls { name result { content isError } session { agentName } } } }
    } }`,
    { id: root!.id },
  );
  expect(session.rollup.usage).toEqual({
    inputTokens: 12 + 1_500 + 15 + 1_500 + 110,
    outputTokens: 8 + 25 + 5,
  });
  expect(session.history.nodes.flatMap(({ toolCalls }) => toolCalls)).toEqual([
    { name: 'Task', result: { content: 'The 9:30', isError: false }, session: { agentName: 'Explore' } },
    { name: 'Bash', result: { content: 'No such file', isError: true }, session: null },
  ]);
});

test('a response whose lines tell ever more of what it cost counts once, as its last line says', async () => {
  const key = newKey();
  const lines = [1, 20, 20, 300].map((output, n) => ({
    ...response('msg', { input_tokens: 10, output_tokens: output }, [{ type: 'text', text: `${n}` }])[0]!,
    uuid: `u${n}`,
  }));
  const { store } = open();
  await store.append(key, lines.slice(0, 1));
  await store.append(key, lines.slice(1, 3));
  // Another process goes on with it.
  const other = open().store;
  await other.load(key);
  await other.append(key, lines.slice(3));
  const session = await client.sessions.get({ key: `claude-agent/${key.projectKey}/${key.sessionId}` });
  expect(session!.usage).toMatchObject({ inputTokens: 10, outputTokens: 300 });
});

test('a title that a person gives stands against those that programs find', async () => {
  const { store } = open();
  const key = newKey();
  const titleAfter = async (entry: SessionStoreEntry) => {
    await store.append(key, [entry]);
    return (await client.sessions.get({ key: `claude-agent/${key.projectKey}/${key.sessionId}` }))!.title;
  };
  const [prompt] = turn(key.sessionId, 0);
  expect(await titleAfter(prompt!)).toBe('Question 0');
  expect(await titleAfter(turn(key.sessionId, 1)[0]!)).toBe('Question 0');
  expect(await titleAfter({ type: 'ai-title', aiTitle: 'A trip' })).toBe('A trip');
  expect(await titleAfter({ type: 'custom-title', customTitle: 'My trip' })).toBe('My trip');
  expect(await titleAfter({ type: 'ai-title', aiTitle: 'Another trip' })).toBe('My trip');
  const other = open().store;
  await other.append(key, [{ type: 'ai-title', aiTitle: 'A third' }]);
  expect(await titleAfter({ type: 'custom-title', customTitle: '' })).toBe('My trip');
});

test('a subagent of a subagent is beneath it, also where that is told later, or before it has said anything', async () => {
  const { store } = open();
  const key = newKey();
  const agent = (id: string) => ({ ...key, subpath: `subagents/agent-${id}` });
  await store.append(key, turn(key.sessionId, 0));
  await store.append(agent('c'), turn('c', 0));
  await store.append(agent('c'), [
    { type: 'agent_metadata', agentType: 'Explore', parentAgentId: 'b', toolUseId: 't' },
  ]);
  await store.append(agent('d'), [{ type: 'agent_metadata', parentAgentId: 'c' }, ...turn('d', 0)]);
  await store.append(agent('b'), turn('b', 0));
  const root = await client.sessions.get({ key: `claude-agent/${key.projectKey}/${key.sessionId}` });
  const tree = await client.sessions.tree(root!.id);
  const prefix = `claude-subagent/${key.projectKey}/${key.sessionId}/subagents/agent-`;
  expect(tree).toMatchObject({
    children: [
      {
        key: `${prefix}b`,
        children: [
          {
            key: `${prefix}c`,
            agentName: 'Explore',
            spawnedBy: { toolCallId: 't' },
            children: [{ key: `${prefix}d` }],
          },
        ],
      },
    ],
  });
  expect(tree!.children).toHaveLength(1);
  expect((await store.listSubkeys(key)).sort()).toEqual(['b', 'c', 'd'].map((id) => `subagents/agent-${id}`));
  expect(await store.load(agent('b'))).toEqual(turn('b', 0));
});
