import type { CreateSessionInput, MessageInput, Sessiontree, TokenUsageInput } from '@sessiontree/client';

/** A session of the demo, with what was said in it and what it spawned. */
interface Scene {
  readonly id: string;
  readonly title?: string;
  readonly agentName?: string;
  readonly status?: CreateSessionInput['status'];
  readonly statusMessage?: string;
  /** Minutes before now. */
  readonly begun: number;
  readonly messages: readonly MessageInput[];
  /** The call of the parent that spawned it. */
  readonly call?: string;
  readonly children?: readonly Scene[];
  readonly project?: string;
}

const MODELS = { opus: 'claude-opus-4-5', mini: 'gpt-5-mini', haiku: 'claude-haiku-4-5' } as const;

const user = (content: string): MessageInput => ({ role: 'USER', content });

function says(
  content: string,
  usage: readonly [number, number, number, number],
  more: Partial<MessageInput> = {},
): MessageInput {
  const [inputTokens, cacheReadTokens, outputTokens, costUsd] = usage;
  const tokens: TokenUsageInput = { inputTokens, cacheReadTokens, outputTokens, costUsd };
  return { role: 'ASSISTANT', content, model: MODELS.opus, usage: tokens, ...more };
}

const call = (toolCallId: string, name: string, args: unknown) => ({ toolCallId, name, arguments: args });
const result = (toolCallId: string, name: string, content: string, isError = false): MessageInput => ({
  role: 'TOOL',
  toolCallId,
  name,
  content,
  isError,
});

/** Work of the kind that agents do all day: steps of reading, editing and testing. */
function steps(count: number, about: string, model: string = MODELS.mini): MessageInput[] {
  return Array.from({ length: count }, (_, n) => [
    says(
      `${n % 3 === 0 ? `Next: ${about}, part ${n + 1}.` : ''}`,
      [9_000 + n * 120, 8_000 + n * 110, 240, 0.012],
      {
        model,
        toolCalls: [
          call(
            `step_${n}`,
            n % 2 ? 'bash' : 'read',
            n % 2 ? { command: `npm test -- part-${n}` } : { path: `src/part-${n}.ts` },
          ),
        ],
      },
    ),
    result(
      `step_${n}`,
      n % 2 ? 'bash' : 'read',
      n % 2 ? `✓ ${4 + n} tests passed` : `export const part${n} = () => {};\n`,
    ),
  ]).flat();
}

/** The id of the tree that moves: where it is there, the trees of the demo are. */
export const FIRST_ID = 'demo-invoices';

const INVOICES: Scene = {
  id: FIRST_ID,
  title: 'Migrate invoices to the new ledger',
  agentName: 'planner',
  status: 'RUNNING',
  project: 'payments-api',
  begun: 95,
  messages: [
    user(
      'Move all invoices to the new ledger. Amounts must match to the cent, and it must be possible to stop and go on.',
    ),
    says(
      'I will read the old schema first, then write the backfill, and have the plan reviewed.',
      [4_210, 0, 320, 0.31],
      {
        reasoning:
          'Three pieces that do not depend on each other: schema, backfill, review. The benchmark can wait for the backfill.',
        toolCalls: [
          call('call_40', 'spawn', { agent: 'explorer', prompt: 'Read the old schema' }),
          call('call_41', 'spawn', {
            agent: 'coder',
            prompt: 'Write a backfill that moves all invoices to the ledger.',
          }),
          call('call_42', 'spawn', { agent: 'reviewer', prompt: 'Review the migration plan' }),
        ],
      },
    ),
    ...steps(14, 'reading the plan', MODELS.opus),
  ],
  children: [
    {
      id: 'demo-schema',
      call: 'call_40',
      title: 'Read the old schema',
      agentName: 'explorer',
      status: 'COMPLETED',
      begun: 90,
      messages: [
        user('Read the old schema: which tables hold amounts, and who writes them?'),
        ...steps(9, 'the schema'),
      ],
      children: [
        {
          id: 'demo-writers',
          title: 'List every writer of invoices',
          agentName: 'explorer',
          status: 'COMPLETED',
          begun: 88,
          messages: [user('List every writer of invoices.'), ...steps(6, 'the writers', MODELS.haiku)],
        },
        {
          id: 'demo-reports',
          title: 'Find the reports that join on it',
          agentName: 'explorer',
          status: 'COMPLETED',
          begun: 86,
          messages: [
            user('Find the reports that join on invoices.'),
            ...steps(7, 'the reports', MODELS.haiku),
          ],
        },
      ],
    },
    {
      id: 'demo-backfill',
      call: 'call_41',
      title: 'Write the backfill',
      agentName: 'coder',
      status: 'RUNNING',
      begun: 70,
      messages: [
        user(
          'Write a backfill that moves all invoices to the ledger. It must be restartable, and amounts must match to the cent.',
        ),
        ...steps(40, 'batches of the backfill', MODELS.opus),
        says(
          'Two rows in ten thousand differ by one cent: refunds with a tax of 7.7%. I keep the old amount as the truth and book the difference on its own account.',
          [12_480, 11_902, 640, 0.42],
          {
            reasoning:
              'The rounding differs for refunds: the old column is half-up, the ledger is half-even. A property test will show whether that is all.',
            toolCalls: [
              call('call_50', 'edit', { path: 'src/backfill/round.ts' }),
              call('call_51', 'bash', { command: 'npm test -- rounding' }),
              call('call_52', 'spawn', { agent: 'tester', prompt: 'Property tests for rounding' }),
            ],
          },
        ),
        result('call_50', 'edit', '+14 −3'),
        result(
          'call_51',
          'bash',
          '✗ rounds refunds like the old column\n  expected "-107.01", got "-107.00"   round.test.ts:41',
          true,
        ),
      ],
      children: [
        {
          id: 'demo-rounding',
          call: 'call_52',
          title: 'Property tests for rounding',
          agentName: 'tester',
          status: 'RUNNING',
          statusMessage: 'Found a counterexample at 0.005 CHF, shrinking',
          begun: 20,
          messages: [
            user('Write property tests for the rounding of refunds.'),
            ...steps(13, 'counterexamples'),
          ],
        },
        {
          id: 'demo-copy',
          title: 'Try COPY instead of INSERT',
          agentName: 'coder',
          status: 'FAILED',
          statusMessage: 'COPY cannot return ids',
          begun: 50,
          messages: [user('Would COPY be faster than INSERT?'), ...steps(9, 'COPY')],
        },
      ],
    },
    {
      id: 'demo-review',
      call: 'call_42',
      title: 'Review the migration plan',
      agentName: 'reviewer',
      status: 'WAITING',
      statusMessage: 'approve the order of the steps',
      begun: 40,
      messages: [user('Review the migration plan.'), ...steps(4, 'the plan')],
      children: [
        {
          id: 'demo-locks',
          title: 'Which locks does each step take?',
          agentName: 'reviewer',
          status: 'COMPLETED',
          begun: 35,
          messages: steps(3, 'locks'),
        },
      ],
    },
    {
      id: 'demo-bench',
      title: 'Benchmark both ledgers',
      agentName: 'bencher',
      status: 'COMPLETED',
      begun: 60,
      messages: steps(20, 'a million invoices'),
      children: Array.from({ length: 14 }, (_, n) => ({
        id: `demo-bench-${n}`,
        title: `Run ${n + 1}: ${['insert', 'copy', 'upsert'][n % 3]} with ${2 ** (n % 5)} writers`,
        agentName: 'bencher',
        status: 'COMPLETED' as const,
        begun: 58 - n,
        messages: steps(2 + (n % 3), 'the run', MODELS.haiku),
      })),
    },
    {
      id: 'demo-docs',
      title: 'Docs: how amounts are rounded',
      agentName: 'writer',
      status: 'COMPLETED',
      begun: 30,
      messages: steps(7, 'the page'),
    },
    { id: 'demo-drill', title: 'Roll-back drill', agentName: 'operator', begun: 25, messages: [] },
  ],
};

const OTHERS: readonly Scene[] = [
  {
    id: 'demo-refunds',
    title: 'Why do refunds arrive twice?',
    agentName: 'planner',
    status: 'WAITING',
    statusMessage: 'approve the fix',
    project: 'payments-api',
    begun: 120,
    messages: [user('Customers say that refunds arrive twice. Why?'), ...steps(11, 'the queue')],
  },
  {
    id: 'demo-driver',
    title: 'Upgrade the Postgres driver',
    agentName: 'claude',
    status: 'COMPLETED',
    project: 'payments-api',
    begun: 300,
    messages: [user('Upgrade the driver.'), ...steps(30, 'the upgrade', MODELS.opus)],
    children: [
      {
        id: 'demo-driver-pool',
        title: 'What changed in the pool?',
        agentName: 'explorer',
        status: 'COMPLETED',
        begun: 290,
        messages: steps(12, 'the pool'),
      },
    ],
  },
  {
    id: 'demo-flaky',
    title: 'Flaky test: settlement window',
    agentName: 'codex',
    status: 'FAILED',
    statusMessage: 'tool budget spent',
    project: 'payments-api',
    begun: 400,
    messages: [user('This test fails once a week.'), ...steps(25, 'the window')],
  },
  {
    id: 'demo-webhooks',
    title: 'Threat model for webhooks',
    agentName: 'codex',
    status: 'COMPLETED',
    project: 'design-docs',
    begun: 500,
    messages: [user('Write a threat model for webhooks.'), ...steps(28, 'the threats', MODELS.opus)],
  },
  {
    id: 'demo-bookings',
    title: 'Überprüfung der Buchungen',
    agentName: 'planner',
    status: 'COMPLETED',
    project: 'design-docs',
    begun: 900,
    messages: [user('Prüfe die Buchungen vom Oktober.'), ...steps(10, 'die Buchungen')],
  },
  {
    id: 'demo-incident',
    agentName: 'opencode',
    project: 'design-docs',
    begun: 1_500,
    messages: [
      user('Summarise the incident of last night, for people who were asleep.'),
      ...steps(4, 'the log', MODELS.haiku),
    ],
  },
  {
    id: 'demo-keys',
    title: 'Rotate the signing keys',
    agentName: 'claude',
    status: 'COMPLETED',
    project: 'infra',
    begun: 1_700,
    messages: [user('Rotate the signing keys.'), ...steps(22, 'the keys')],
  },
  {
    id: 'demo-cache',
    title: 'Cache headers for the docs site',
    agentName: 'codex',
    status: 'COMPLETED',
    project: 'infra',
    begun: 3_000,
    messages: [user('Our docs are slow.'), ...steps(12, 'headers')],
  },
];

/** Writes the trees of the demo, the latest last. */
export async function writeTrees(client: Sessiontree, now = Date.now()): Promise<void> {
  for (const scene of [...OTHERS].sort((a, b) => b.begun - a.begun)) await write(client, scene, null, now);
  await write(client, INVOICES, null, now);
  const said = await client.history.list('demo-backfill').toArray(21);
  await client.sessions.fork('demo-backfill', {
    id: 'demo-batches',
    title: 'Write the backfill, in batches',
    throughMessageId: said[20]!.id,
  });
  await client.history.append('demo-batches', [
    user('Do it in batches of a thousand instead.'),
    ...steps(9, 'batches'),
  ]);
  await client.sessions.update('demo-batches', { status: 'COMPLETED' });
}

async function write(client: Sessiontree, scene: Scene, parent: Scene | null, now: number): Promise<void> {
  const { id, title, agentName, status, statusMessage, begun, messages, project, children = [] } = scene;
  const at = (n: number) =>
    new Date(now - begun * 60_000 + n * Math.min(20_000, (begun * 50_000) / Math.max(messages.length, 1)));
  const input = {
    ...{ id, title, agentName, status, statusMessage, project },
    createdAt: at(0).toISOString(),
    messages: messages.map((message, n) => ({ ...message, createdAt: at(n + 1).toISOString() })),
  };
  if (!parent) await client.sessions.create(input);
  else
    await client.sessions.spawn(parent.id, {
      ...input,
      ...(scene.call && { spawnedBy: { toolCallId: scene.call } }),
    });
  for (const child of children) await write(client, child, scene, now);
}
