/** The environment variable that names how the store is broken on purpose. Unset: the store is not broken. */
export const BREAK_VARIABLE = 'SESSIONTREE_TORTURE_BREAK';

/** The module that breaks the store, imported before all others. */
export const HOOK = new URL('break.ts', import.meta.url).href;

/** Exit code of a process in which the break could not be installed. */
export const HOOK_FAILED = 70;
