export { agentTool, type ChildRunOptions, type ParentSession } from './agent-tool.ts';
export { HandoffSession } from './handoffs.ts';
export { type ChildOptions, SessiontreeSession, type SessiontreeSessionOptions } from './session.ts';
