/** Members of an object that an error message may list. No input type has half as many. */
const LISTED_MEMBERS_MAX = 100;

/**
 * Gives wide objects within invalid variable `values` a `toJSON` that says only how many members they have. In each error,
 * graphql-js prints the object that the error is in: for an object with 20,000 unknown members that would take minutes and all
 * memory. Call it only for values that are not used otherwise: their JSON is another one afterwards.
 */
export function abbreviateWideObjects(values: unknown): void {
  const stack = [values];
  while (stack.length > 0) {
    const value = stack.pop();
    if (typeof value !== 'object' || value === null) continue;
    const members: unknown[] = Object.values(value);
    for (const member of members) if (typeof member === 'object') stack.push(member);
    if (members.length > LISTED_MEMBERS_MAX && !Array.isArray(value))
      Object.defineProperty(value, 'toJSON', { value: () => `an object of ${members.length} members` });
  }
}
