/** Names the way in which the store is broken on purpose; unset: it is not. */
export const BREAK_VARIABLE = 'SESSIONTREE_TORTURE_BREAK';

/** The module that breaks it, imported before all others. */
export const HOOK = new URL('break.ts', import.meta.url).href;

/** Exit code of a process that could not be broken as it should. */
export const HOOK_FAILED = 70;
