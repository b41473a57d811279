import { call, MODELS, result, type Scene, says, steps, user } from './scene.ts';

/** The id of the tree that moves: where it is there, the trees of the demo are. */
export const FIRST_ID = 'demo-invoices';

/** The tree that moves: an agent that has many others work. */
export const INVOICES: Scene = {
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
