import type { OperationDefinitionNode } from 'graphql';
import type { Caller } from '../../model/caller.ts';
import type { MaybePromise } from '../../schema/maybe-promise.ts';
import type { Callers } from '../callers/callers.ts';
import type { Refusal } from '../refusal.ts';
import type { RequestFacts } from '../request-facts.ts';
import type { Router } from '../routes.ts';
import { rootKeys } from './mutation-limit.ts';
import type { Policy } from './policy.ts';

/** Refuses requests of callers who have sent too many, or too much: before the body is read. */
export function callerRequests(routeOf: Router, callers: Callers): Policy {
  const spend = (_subject: unknown, { caller }: { readonly caller: Caller }) => callers.spendRequest(caller);
  return {
    name: "caller's requests",
    // The pages and their files have no caller.
    head: (head, facts) => (routeOf(head) === 'api' ? spend(head, facts) : undefined),
    message: spend,
  };
}

/** Refuses mutations of callers who have sent too many. */
export function callerMutations(callers: Callers): Policy {
  const counts = new WeakMap<OperationDefinitionNode, number>();
  const refusals = new WeakMap<RequestFacts, MaybePromise<Refusal | undefined>>();
  return {
    name: "caller's mutations",
    execution({ document, operation }, facts) {
      if (operation.operation !== 'mutation') return undefined;
      // A request that the fast path has handed on is counted once.
      if (refusals.has(facts)) return refusals.get(facts);
      let count = counts.get(operation);
      if (count === undefined) {
        count = rootKeys(document, operation).size;
        counts.set(operation, count);
      }
      const refusal = callers.spendMutations(facts.caller, count);
      refusals.set(facts, refusal);
      return refusal;
    },
  };
}
