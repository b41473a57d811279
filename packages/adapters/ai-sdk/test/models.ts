import { convertArrayToReadableStream, MockLanguageModelV4 } from 'ai/test';

type StreamResult = Exclude<
  NonNullable<NonNullable<ConstructorParameters<typeof MockLanguageModelV4>[0]>['doStream']>,
  readonly unknown[] | ((...options: never[]) => unknown)
>;

/** What a model streams. */
export type ModelPart = StreamResult['stream'] extends ReadableStream<infer Part> ? Part : never;

/** A text in pieces, as a model streams it. */
export function text(...deltas: string[]): ModelPart[] {
  return [
    { type: 'text-start', id: 't' },
    ...deltas.map((delta) => ({ type: 'text-delta' as const, id: 't', delta })),
    { type: 'text-end', id: 't' },
  ];
}

/** What a model thinks, in pieces. */
export function reasoning(...deltas: string[]): ModelPart[] {
  return [
    { type: 'reasoning-start', id: 'r' },
    ...deltas.map((delta) => ({ type: 'reasoning-delta' as const, id: 'r', delta })),
    { type: 'reasoning-end', id: 'r' },
  ];
}

/** A call of a tool, its input in pieces first. */
export function toolCall(toolCallId: string, toolName: string, input: object): ModelPart[] {
  const json = JSON.stringify(input);
  return [
    { type: 'tool-input-start', id: toolCallId, toolName },
    { type: 'tool-input-delta', id: toolCallId, delta: json.slice(0, 4) },
    { type: 'tool-input-delta', id: toolCallId, delta: json.slice(4) },
    { type: 'tool-input-end', id: toolCallId },
    { type: 'tool-call', toolCallId, toolName, input: json },
  ];
}

const USAGE = {
  inputTokens: { total: 20, noCache: 12, cacheRead: 8, cacheWrite: 0 },
  outputTokens: { total: 9, text: 5, reasoning: 4 },
};

/** The end of a step that costs 20 tokens to read, 8 of them from a cache, and 9 to write, 4 of them for reasoning. */
export function finish(reason: 'stop' | 'tool-calls' = 'stop'): ModelPart {
  return { type: 'finish', usage: USAGE, finishReason: { unified: reason, raw: reason } };
}

/** A model that answers its calls one after the other with these parts. */
export function model(
  ...steps: readonly (readonly ModelPart[] | ReadableStream<ModelPart>)[]
): MockLanguageModelV4 {
  const left = [...steps];
  return new MockLanguageModelV4({
    modelId: 'mock-1',
    doStream: async () => {
      const step = left.shift() ?? [...text('No more.'), finish()];
      return { stream: step instanceof ReadableStream ? step : convertArrayToReadableStream([...step]) };
    },
  });
}

/** A stream of a model that a test writes to piece by piece. */
export function heldStream() {
  const { readable, writable } = new TransformStream<ModelPart, ModelPart>(
    {},
    { highWaterMark: 1_000 },
    { highWaterMark: 1_000 },
  );
  const writer = writable.getWriter();
  return {
    stream: readable,
    say: (...parts: ModelPart[]) => Promise.all(parts.map((part) => writer.write(part))),
    end: () => writer.close(),
    fail: (error: Error) => writer.abort(error),
  };
}
