import { type Authentication, hasEnded } from '../auth/authenticate.ts';
import { whileCurrent } from '../auth/while-current.ts';
import type { ServerPlugin } from '../plugin.ts';

/**
 * Takes subscriptions out of Yoga's hands once they are checked, if they came through the fast path's handler, which answers them. What
 * came to `yoga.fetch` is streamed by Yoga, for as long as the caller may stay.
 */
export function useSubscriptions({ authenticate, isRevoked }: Authentication): ServerPlugin {
  return {
    async onSubscribe({ args, setResultAndStopExecution }) {
      const { handedOn, head, facts } = args.contextValue;
      if (!handedOn) {
        if (!authenticate) return;
        return {
          onSubscribeResult({ result, setResult }) {
            if (Symbol.asyncIterator in result)
              setResult(whileCurrent(result, () => hasEnded(facts.caller, isRevoked)));
          },
        };
      }
      const admitted = await handedOn.live.admit(args, head.header('last-event-id'));
      if ('events' in admitted) handedOn.subscription = admitted;
      setResultAndStopExecution('errors' in admitted ? { errors: admitted.errors } : NEVER_SENT);
    },
  };
}

const NEVER_SENT = { data: null };
