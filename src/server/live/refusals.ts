import { OVERLOADED } from '../admission/overloaded.ts';
import type { Refusal } from '../refusal.ts';

/** The refusal of a subscription for which there is no room. */
export const TOO_MANY_SUBSCRIPTIONS: Refusal = {
  ...OVERLOADED,
  message:
    'Expected fewer subscriptions at once, got more than the server has room for (the limit subscriptions). Subscribe again later, or to ' +
    'more in one subscription.',
};
