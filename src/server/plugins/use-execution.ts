import { execute } from '../../execution/execute.ts';
import type { ServerPlugin } from '../plugin.ts';

/** Executes operations as the fast path does. */
export function useExecution(): ServerPlugin {
  return {
    onExecute({ setExecuteFn, args: { contextValue } }) {
      const ticket = contextValue.handedOn?.ticket;
      setExecuteFn(ticket ? (args) => ticket.during(() => execute(args)) : execute);
    },
  };
}
