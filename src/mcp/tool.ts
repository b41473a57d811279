import type { RequestOptions, Sessiontree } from '@sessiontree/client';
import { z } from 'zod';

/** What a call of a tool works with. */
export interface Call {
  readonly client: Sessiontree;
  /** The signal of the call, for each request of the client: a call that is cancelled ends its requests. */
  readonly options: RequestOptions;
}

/** What a tool answers: lines to read, and the same as an object for programs. */
export interface Answer<Data> {
  readonly lines: readonly string[];
  readonly data: Data;
}

/** A tool: what a model is told of it, and what it does. */
export interface Tool<Input extends z.ZodRawShape, Output extends z.ZodRawShape> {
  readonly name: string;
  /** For people, in lists of tools. */
  readonly title: string;
  /** For models: when to use it, and what it answers. */
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  /** Left out for a tool that only reads. */
  readonly writes?: { readonly isIdempotent: boolean };
  /** Rejects with a ToolError or a SessiontreeError for what the model can do something about. */
  run(call: Call, input: z.output<z.ZodObject<Input>>): Promise<Answer<z.input<z.ZodObject<Output>>>>;
}

/** A tool of any input and output. */
// biome-ignore lint/suspicious/noExplicitAny: the types of a tool matter only where it is defined.
export type AnyTool = Tool<any, any>;

/** Infers the types of a tool. */
export function defineTool<Input extends z.ZodRawShape, Output extends z.ZodRawShape>(
  tool: Tool<Input, Output>,
): Tool<Input, Output> {
  return tool;
}

/** A failure that the model can do something about. The message says what was expected, what came, and what to do. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

const KEY = 'key:';

/** A session, as tools take it. */
export const sessionReference = z.string().min(1).describe('The id of a session, or "key:" and its key.');

/** A session by its id or its key, as operations take it. */
export function referenceOf(text: string): { readonly id: string } | { readonly key: string } {
  return text.startsWith(KEY) ? { key: text.slice(KEY.length) } : { id: text };
}

/** There is no such session. */
export function noSession(reference: string): ToolError {
  return new ToolError(
    `Expected the id of a session, or "key:" and its key, got ${JSON.stringify(reference)}, which no session has. ` +
      'search_messages and list_sessions find sessions.',
  );
}

/** The cursor of a list, as tools take it. */
export const cursor = z
  .string()
  .optional()
  .describe('The nextCursor of an earlier answer to the same arguments: the answer goes on behind it.');

export const nextCursor = z
  .string()
  .nullable()
  .describe('Pass it as "after" for what follows; null at the end.');

/** How many entries a tool lists. */
export function limit(standard: number, max: number) {
  return z.int().min(1).max(max).default(standard).describe(`How many to list: ${max} at most.`);
}

/** A time, as tools take it. The server checks it: a schema that does is hundreds of characters long. */
export const time = z.string().optional();
