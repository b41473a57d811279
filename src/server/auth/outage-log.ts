import type { Logger } from '../../repository/observer.ts';

export interface OutageLog {
  report(err: unknown): void;
  over(): void;
}

export const CHECKED_AGAIN = 'tokens can be checked again';

/** Logs an error when it first comes, and not again until it is over: every request would repeat it. */
export function createOutageLog(logger: Logger, message: string, over: string): OutageLog {
  let isOut = false;
  return {
    report(err) {
      if (!isOut) logger.error({ err }, message);
      isOut = true;
    },
    over() {
      if (isOut) logger.info({}, over);
      isOut = false;
    },
  };
}
