/** The text of an operation, with the types of its data and its variables. */
export type OperationText<Data, Variables> = string & { __apiType?: (variables: Variables) => Data };

/** The data of an operation. */
export type DataOf<Text> = Text extends OperationText<infer Data, never> ? Data : never;

/**
 * An operation of one field. The field is written as in GraphQL, but with each variable's type where the variable is used: `first:$Int`
 * stands for `first:$first`, and `first:$messages:Int` for `first:$messages`.
 */
export function operation(head: string, field: string): string {
  const variables: string[] = [];
  const selection = field.replace(
    /(\w+):\$(?:(\w+):)?([\w[\]!]+)/g,
    (_, argument: string, name = argument, type: string) => {
      variables.push(`$${name}:${type}`);
      return `${argument}:$${name}`;
    },
  );
  // A call, which minifiers leave where it is: one of them reads a bare array in a text before the replacement above has filled it.
  return `${head}(${variables.join()}){${selection}}`;
}
