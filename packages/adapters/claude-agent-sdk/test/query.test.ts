import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  foldSessionSummary,
  getSessionMessages,
  listSessions,
  listSubagents,
  type Options,
  query,
  type SDKMessage,
} from '@anthropic-ai/claude-agent-sdk';
import { Sessiontree } from '@sessiontree/client';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { startServer } from '../../support/server.ts';
import { SessiontreeSessionStore } from '../src/index.ts';

const url = await startServer();
const client = new Sessiontree(url);

/** The directory of the agent: a project of its own for each test. */
let cwd: string;

beforeEach(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), 'sessiontree-adapters-')));
  onTestFinished(() => rm(cwd, { recursive: true }));
});

/** Asks an agent on a machine that has no transcripts, and resolves with all that it says. */
async function ask(prompt: string, options: Options = {}): Promise<SDKMessage[]> {
  const local = await mkdtemp(join(tmpdir(), 'sessiontree-adapters-'));
  try {
    const said: SDKMessage[] = [];
    for await (const message of query({
      prompt,
      options: {
        sessionStore: new SessiontreeSessionStore(client, { foldSessionSummary }),
        pathToClaudeCodeExecutable: join(import.meta.dirname, 'fake-cli.mjs'),
        mcpServersDelivery: 'initialize',
        env: { ...process.env, CLAUDE_CONFIG_DIR: local },
        cwd,
        ...options,
      },
    }))
      said.push(message);
    return said;
  } finally {
    await rm(local, { recursive: true });
  }
}

/** What an agent answers in the end. */
async function answerTo(prompt: string, options?: Options) {
  const result = (await ask(prompt, options)).find((message) => message.type === 'result');
  if (result?.subtype !== 'success') throw new Error('Expected an answer');
  return { answer: result.result, sessionId: result.session_id };
}

test.each(['batched', 'eager'] as const)(
  'an agent goes on on another machine (%s)',
  async (sessionStoreFlush) => {
    const first = await answerTo('Spawn a helper', { sessionStoreFlush });
    expect(first.answer).toBe('Answer 1 to Spawn a helper');
    const second = await answerTo('And now?', { resume: first.sessionId, sessionStoreFlush });
    expect(second).toEqual({ answer: 'Answer 2 to And now?', sessionId: first.sessionId });
    const third = await answerTo('And then?', { continue: true, sessionStoreFlush });
    expect(third).toEqual({ answer: 'Answer 3 to And then?', sessionId: first.sessionId });

    const sessionStore = new SessiontreeSessionStore(client, { foldSessionSummary });
    const options = { dir: cwd, sessionStore };
    expect(await listSessions(options)).toMatchObject([
      { sessionId: first.sessionId, firstPrompt: 'Spawn a helper', cwd },
    ]);
    expect(await listSubagents(first.sessionId, options)).toEqual(['a1']);
    expect(await getSessionMessages(first.sessionId, options)).toHaveLength(6);
    const [root] = await client.sessions.list({ filter: { project: cwd, rootsOnly: true } }).toArray();
    expect(await client.sessions.tree(root!.id)).toMatchObject({
      title: 'Spawn a helper',
      messageCount: 3,
      usage: { inputTokens: 9, outputTokens: 6 },
      children: [
        { agentName: 'Explore', spawnedBy: { toolCallId: 'toolu_1' }, messageCount: 1, title: 'Look' },
      ],
    });
  },
);

test('a server that is away does not stop the agent, and the SDK says what is missing', async () => {
  const away = new Sessiontree('http://127.0.0.1:9/graphql', { maxRetries: 0 });
  const said = await ask('Hello', { sessionStore: new SessiontreeSessionStore(away) });
  expect(said.find((message) => message.type === 'result')).toMatchObject({ result: 'Answer 1 to Hello' });
  expect(said).toContainEqual(
    expect.objectContaining({ subtype: 'mirror_error', error: expect.stringContaining('127.0.0.1:9') }),
  );
});
