import { getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { SchemaContext } from '../../schema/context.ts';
import type { ServerContext } from '../plugin.ts';
import type { Checks } from '../policies/checks.ts';
import { type Refusal, refusalError } from '../refusal.ts';
import { refuse } from '../refuse.ts';
import { type BodyLimits, readParams } from '../request-params.ts';

export interface PolicyPluginOptions {
  readonly checks: Checks;
  readonly limits: BodyLimits;
}

/** Runs the policies, each as soon as the part of the request that it checks is known. */
export function usePolicies({
  checks,
  limits,
}: PolicyPluginOptions): Plugin<ServerContext & SchemaContext, ServerContext> {
  return {
    onRequest(payload) {
      const { head, handedOn, facts } = payload.serverContext;
      const refusal = handedOn ? handedOn.refusal : checks.head(head, facts);
      if (refusal instanceof Promise)
        return refusal.then((settled) => {
          if (settled) refuse(payload, settled);
        });
      if (refusal) refuse(payload, refusal);
    },
    onRequestParse({ serverContext: { head, handedOn }, setRequestParser }) {
      throwIfRefused(checks.content(head));
      setRequestParser(async (request) => {
        const params = await readParams(request, limits, handedOn?.ticket);
        throwIfRefused(checks.params(params, head));
        return params;
      });
    },
    onParse({ parseFn, setParseFn }) {
      // Not called for a cached document.
      setParseFn(checks.parser(parseFn));
      return ({ result, context: { params, head } }) => {
        if (result === null || result instanceof Error) return;
        const operation = getOperationAST(result, params.operationName);
        if (operation) throwIfRefused(checks.operation(operation, head));
      };
    },
    onExecute({ args, setResultAndStopExecution }) {
      const { document, operationName, contextValue } = args;
      const operation = getOperationAST(document, operationName);
      const refusal = operation && checks.execution({ document, operation }, contextValue.facts);
      const settle = (settled: Refusal | null | undefined) => {
        if (settled) setResultAndStopExecution({ errors: [refusalError(settled)] });
      };
      return refusal instanceof Promise ? refusal.then(settle) : settle(refusal);
    },
    onValidate({ addValidationRule }) {
      for (const rule of checks.documents) addValidationRule(rule);
    },
  };
}

function throwIfRefused(refusal: Refusal | undefined): void {
  if (refusal) throw refusalError(refusal);
}
