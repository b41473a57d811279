import { expect, test } from 'vitest';
import { ZERO_USAGE } from '../../../../../src/model/usage.ts';
import { pack, unpack } from '../../../../../src/repository/files/recovery/scan-ahead/packed.ts';
import type { Sound } from '../../../../../src/repository/files/recovery/scan-ahead/protocol.ts';
import type { SessionState } from '../../../../../src/repository/records/session-state.ts';

/** All numbers and texts differ, so that a mix-up of two shows. */
const full: SessionState = {
  id: 'planner-main',
  sequence: 1,
  arrival: 2,
  parentId: 'parent',
  userId: 'ada',
  key: 'k',
  title: 'Grüße, "Welt"\n',
  agentName: 'planner',
  project: '/home/ada',
  status: 'WAITING',
  statusMessage: 'for Ada',
  statusChangedAt: 14,
  spawnedBy: '{"sessionId":"parent","messageId":null,"toolCallId":"c"}',
  metadata: '{"team":68}',
  createdAt: 3,
  lastActiveAt: 4,
  updatedAt: 15,
  messageCount: 5,
  historyLength: 6,
  nextOrdinal: 7,
  inputTokens: Number.MAX_SAFE_INTEGER,
  outputTokens: 9,
  cacheReadTokens: 16,
  cacheWriteTokens: 17,
  reasoningTokens: 18,
  costUsd: '0.1',
  pricedCount: 19,
  forkedFrom: '{"sessionId":"origin","messageId":null,"historyLength":0}',
  archivedAt: 10,
  version: 11,
  lastSeq: 12,
  updatedSeq: 11,
  size: 13,
};

const bare: SessionState = {
  ...full,
  id: 'bare',
  parentId: null,
  userId: null,
  key: null,
  title: null,
  agentName: null,
  project: null,
  statusMessage: null,
  spawnedBy: null,
  costUsd: null,
  forkedFrom: null,
  archivedAt: null,
};

const effects = {
  sequence: 20,
  seq: 21,
  truncatedTo: null,
  messages: [],
  isReplacing: false,
  keys: [],
  toolResults: [],
  paid: [],
  isPaidAnew: false,
  redacted: { at: 7, ordinals: [2, 5] },
  takenOver: [],
  operation: null,
};

const sounds: (Sound | null)[] = [
  {
    state: full,
    store: 'store-1',
    count: 14,
    mtime: 1795715320224.0134,
    terms: [4_294_967_295, 0, 40],
    effects: [
      {
        sequence: 20,
        seq: 21,
        truncatedTo: 0,
        isReplacing: true,
        isPaidAnew: true,
        redacted: null,
        takenOver: [7, 8],
        messages: [
          { ordinal: 22, position: 23, role: 'TOOL', createdAt: 1_795_715_320_224, offset: 24, length: 25 },
          { ordinal: 27, position: 28, role: 'SYSTEM', createdAt: -1, offset: 29, length: 30 },
        ],
        keys: [
          { ordinal: 34, key: 'k1' },
          { ordinal: 35, key: 'k2' },
        ],
        toolResults: [
          { ordinal: 36, toolCallId: 'c1' },
          { ordinal: 37, toolCallId: 'c2' },
        ],
        paid: [
          {
            day: 20_783,
            model: 'opus',
            responses: 1,
            usage: {
              inputTokens: 36,
              outputTokens: 37,
              cacheReadTokens: 38,
              cacheWriteTokens: 39,
              reasoningTokens: 40,
              pricedCount: 1,
              costUsd: '0.0000001',
            },
          },
          { day: -1, model: null, responses: -1, usage: { ...ZERO_USAGE, outputTokens: -41 } },
        ],
        operation: {
          id: 'retry-1',
          caller: 'ada',
          fingerprint: 'f00',
          sessionId: 'planner-main',
          seq: 32,
          at: 33,
          ordinal: 0,
          position: null,
          answer: '{"isNew":true}',
        },
      },
      effects,
    ],
  },
  null,
  { state: bare, store: null, count: 0, mtime: 0.5, terms: [], effects: [] },
];

test('what was read of files comes out of a pack as it went in', () => {
  expect(unpack(pack(sounds), ['planner-main', 'damaged', 'bare'])).toEqual(sounds);
});

test('a pack crosses to another thread as it is', () => {
  const packed = pack(sounds);
  const crossed = structuredClone(packed, { transfer: [packed.numbers.buffer] });
  expect(unpack(crossed, ['planner-main', 'damaged', 'bare'])).toEqual(sounds);
});
