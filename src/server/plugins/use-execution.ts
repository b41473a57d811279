import { execute } from '../../execution/execute.ts';
import { subscribe } from '../../execution/subscribe.ts';
import type { ServerPlugin } from '../plugin.ts';

/** Executes operations as the fast path does, and subscriptions with a context for each event. */
export function useExecution(): ServerPlugin {
  return {
    onExecute({ setExecuteFn, args: { contextValue } }) {
      const ticket = contextValue.handedOn?.ticket;
      setExecuteFn(ticket ? (args) => ticket.during(() => execute(args)) : execute);
    },
    onSubscribe({ setSubscribeFn }) {
      setSubscribeFn(subscribe);
    },
  };
}
