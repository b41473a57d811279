import type { ServerPlugin } from '../plugin.ts';

/**
 * Takes subscriptions out of Yoga's hands once they are checked, if they came through the fast path's handler, which answers them. What
 * came to `yoga.fetch` is streamed by Yoga.
 */
export function useSubscriptions(): ServerPlugin {
  return {
    async onSubscribe({ args, setResultAndStopExecution }) {
      const { handedOn, head } = args.contextValue;
      if (!handedOn) return;
      const admitted = await handedOn.live.admit(args, head.header('last-event-id'));
      if ('events' in admitted) handedOn.subscription = admitted;
      setResultAndStopExecution('errors' in admitted ? { errors: admitted.errors } : NEVER_SENT);
    },
  };
}

const NEVER_SENT = { data: null };
