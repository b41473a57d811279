import { kindOf } from '../../model/json.ts';
import { malformedPersistedQuery, persistedHashOf } from '../persisted-queries.ts';
import { badRequest, type Refusal } from '../refusal.ts';
import type { Policy } from './policy.ts';

/** Refuses malformed GraphQL parameters. The message never repeats the input. */
export const wellFormedParams: Policy = { name: 'well-formed parameters', params: checkParams };

const PARAMETERS = new Set(['query', 'variables', 'operationName', 'extensions']);

/** https://graphql.github.io/graphql-over-http/draft/#sec-Request-Parameters */
function checkParams(params: unknown): Refusal | undefined {
  if (Array.isArray(params)) {
    return {
      status: 400,
      code: 'BATCHING_NOT_SUPPORTED',
      message:
        'Expected one request, got a list of them: batches are not supported. Send each in a request of its own, ' +
        'or select what belongs together in one operation.',
    };
  }
  if (!isRecord(params)) return badRequest(`Expected a JSON object, got ${kindOf(params)}.`);
  const { query, operationName, variables, extensions } = params;
  if (!isObject(variables))
    return badRequest(`Expected "variables" to be an object, got ${kindOf(variables)}.`);
  if (!isObject(extensions))
    return badRequest(`Expected "extensions" to be an object, got ${kindOf(extensions)}.`);
  const malformed = malformedPersistedQuery(params);
  if (malformed) return malformed;
  if (typeof query !== 'string' && (query != null || persistedHashOf(params) === undefined))
    return badRequest(`Expected "query" to be a string, got ${kindOf(query)}.`);
  if (operationName != null && typeof operationName !== 'string')
    return badRequest(`Expected "operationName" to be a string, got ${kindOf(operationName)}.`);
  for (const name in params) {
    if (!PARAMETERS.has(name))
      return badRequest(`Expected no other parameters than ${[...PARAMETERS].join(', ')}.`);
  }
  return undefined;
}

/** Null counts as missing. */
function isObject(value: unknown): boolean {
  return value == null || isRecord(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
