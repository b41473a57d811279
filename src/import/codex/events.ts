/** Events that say once more what a `response_item` or another line says, or that a turn began. */
export const REPEATS = new Set([
  'user_message',
  'agent_message',
  'agent_reasoning',
  'agent_reasoning_raw_content',
  'agent_reasoning_section_break',
  'context_compacted',
  'thread_settings_applied',
  'item_started',
]);
export const REPEATED_ITEMS = new Set(['UserMessage', 'AgentMessage', 'Reasoning', 'ContextCompaction']);
export const FAILURES = new Set(['error', 'stream_error']);
/** The kinds of events that other formats have, too. */
export const KINDS: Readonly<Record<string, string>> = {
  turn_aborted: 'interruption',
  stream_error: 'error',
  compaction: 'compaction',
  compaction_summary: 'compaction',
  context_compaction: 'compaction',
};

/** What is not the id of a call made by the model: no output will come for it. */
export function isCallId(id: string): boolean {
  return !id.startsWith('subagent-');
}
