import { execute } from '../../execution/execute.ts';
import type { ServerPlugin } from '../plugin.ts';

/** Executes operations by their plans; see `execute`. */
export function usePlannedExecution(): ServerPlugin {
  return {
    onExecute({ setExecuteFn }) {
      setExecuteFn(execute);
    },
  };
}
