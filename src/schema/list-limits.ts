import type { Limits } from '../model/limits.ts';

/** The limits of lists in inputs, by the type of their items: no field takes a longer one. */
export const LIST_LIMITS: Readonly<Record<string, keyof Limits>> = {
  MessageInput: 'messages',
  ToolCallInput: 'toolCalls',
  ID: 'nodeIds',
};
