import { hasEnded, isRefusal } from '../auth/authenticate.ts';
import { whileCurrent } from '../auth/while-current.ts';
import type { ServerPlugin } from '../plugin.ts';
import { refusalError } from '../refusal.ts';
import type { ServerSettings } from '../settings.ts';

/**
 * Takes subscriptions out of Yoga's hands once they are checked, if they came through the fast path's handler, which answers them. What
 * came to `yoga.fetch` is streamed by Yoga, for as long as the caller may stay.
 */
export function useSubscriptions({
  authenticate,
  isRevoked,
  callers,
}: Pick<ServerSettings, 'authenticate' | 'isRevoked' | 'callers'>): ServerPlugin {
  return {
    async onSubscribe({ args, setResultAndStopExecution }) {
      const { handedOn, head, facts } = args.contextValue;
      if (!handedOn) {
        if (!authenticate) return;
        return {
          onSubscribeResult({ result, setResult }) {
            if (!(Symbol.asyncIterator in result)) return;
            const release = callers?.subscribe(facts.caller);
            if (release && isRefusal(release)) {
              setResult({ errors: [refusalError(release)] });
              void result[Symbol.asyncIterator]().return?.();
            } else setResult(whileCurrent(result, () => hasEnded(facts.caller, isRevoked), release));
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
