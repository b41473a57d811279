/** An object literal, before it is compiled. */
export interface Literal {
  /**
   * Its keys, whatever they are, and an expression for each. Expressions become code: they are put together of names of `parameters`
   * and `bound`, and of JSON strings.
   */
  readonly members: readonly (readonly [key: string, expression: string])[];
  readonly parameters: readonly string[];
  /** What else expressions may name. */
  readonly bound?: Readonly<Record<string, unknown>>;
}

/**
 * A function of `parameters` that makes the object. To set keys and to read properties that the compiler knows takes a fifth of the
 * time that it takes by names from a list, and all objects have one shape. To compile it takes some 90 microseconds.
 *
 * Null where the process compiles no text (`node --disallow-code-generation-from-strings`).
 */
export function compileLiteral<Make>({ members, parameters, bound = {} }: Literal): Make | null {
  const text = members.map(([key, expression]) => `${quoted(key)}: ${expression}`).join(', ');
  const code = `return (${parameters.join(', ')}) => ({ ${text} });`;
  try {
    return new Function(...Object.keys(bound), code)(...Object.values(bound)) as Make;
  } catch (error) {
    if (error instanceof EvalError) return null;
    throw error;
  }
}

/** As a key of its own: in a literal, `__proto__` would be the prototype. */
function quoted(key: string): string {
  return key === '__proto__' ? '["__proto__"]' : JSON.stringify(key);
}
