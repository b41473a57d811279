import { ERRORS, type Mutations, PAYLOADS } from './generated/operations.ts';
import { operation } from './operation.ts';

/** The text of a mutation: its payload, or a typed error. */
export function mutationText(mutation: keyof Mutations): string {
  const type = mutation[0]!.toUpperCase() + mutation.slice(1);
  return operation(
    `mutation ${type}`,
    `${mutation}(input:$${type}Input!){__typename ...on ${type}Payload{${PAYLOADS[mutation]}}...on Error{${ERRORS}}}`,
  );
}
