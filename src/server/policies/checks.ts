import type { ValidationRule } from 'graphql';
import type { MaybePromise } from '../../schema/maybe-promise.ts';
import type { Refusal } from '../refusal.ts';
import type { RequestFacts } from '../request-facts.ts';
import type { Parser, Policy } from './policy.ts';

/** The combined checks of a list of policies. Each gives the first refusal, in the order of the list. */
export interface Checks {
  readonly head: NonNullable<Policy['head']>;
  readonly message: NonNullable<Policy['message']>;
  readonly content: NonNullable<Policy['content']>;
  readonly params: NonNullable<Policy['params']>;
  readonly operation: NonNullable<Policy['operation']>;
  readonly parser: (parser: Parser) => Parser;
  readonly documents: readonly ValidationRule[];
  readonly execution: NonNullable<Policy['execution']>;
}

/** Combines the checks of `policies`. */
export function createChecks(policies: readonly Policy[]): Checks {
  const parsers = policies.flatMap(({ parser }) => parser ?? []);
  return {
    head: firstRefusalInTime(policies.flatMap(({ head }) => head ?? [])),
    message: firstRefusalInTime(policies.flatMap(({ message }) => message ?? [])),
    content: firstRefusal(policies.flatMap(({ content }) => content ?? [])),
    params: firstRefusal(policies.flatMap(({ params }) => params ?? [])),
    operation: firstRefusal(policies.flatMap(({ operation }) => operation ?? [])),
    // The first of the list runs first: it is the outermost.
    parser: (parse) => parsers.reduceRight((inner, wrap) => wrap(inner), parse),
    documents: policies.flatMap(({ document }) => document ?? []),
    execution: firstRefusalInTime(policies.flatMap(({ execution }) => execution ?? [])),
  };
}

/** Checks that are all synchronous give no promise. */
function firstRefusalInTime<Subject>(
  checks: readonly ((subject: Subject, facts: RequestFacts) => MaybePromise<Refusal | undefined>)[],
) {
  const refusalFrom = (
    start: number,
    subject: Subject,
    facts: RequestFacts,
  ): MaybePromise<Refusal | undefined> => {
    for (let n = start; n < checks.length; n += 1) {
      const refusal = checks[n]!(subject, facts);
      if (refusal === undefined) continue;
      if (refusal instanceof Promise)
        return refusal.then((settled) => settled ?? refusalFrom(n + 1, subject, facts));
      return refusal;
    }
    return undefined;
  };
  return (subject: Subject, facts: RequestFacts) => refusalFrom(0, subject, facts);
}

function firstRefusal<Subject, Context = void>(
  checks: readonly ((subject: Subject, context: Context) => Refusal | undefined)[],
) {
  return (subject: Subject, context: Context): Refusal | undefined => {
    for (const check of checks) {
      const refusal = check(subject, context);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  };
}
