/** Members of an object that are worth repeating: no input has half as many. */
const MANY = 100;

/**
 * Has graphql-js say of wide objects within `values`, which cannot be taken, only how wide they are. It repeats the object that a
 * fault is in, with each fault: of one with twenty thousand unknown members that would take minutes, and all memory. To be called
 * for values that go nowhere else: they are not the same as JSON any more.
 */
export function abbreviateWideObjects(values: unknown): void {
  const stack = [values];
  while (stack.length > 0) {
    const value = stack.pop();
    if (typeof value !== 'object' || value === null) continue;
    const members: unknown[] = Object.values(value);
    for (const member of members) if (typeof member === 'object') stack.push(member);
    if (members.length > MANY && !Array.isArray(value))
      Object.defineProperty(value, 'toJSON', { value: () => `an object of ${members.length} members` });
  }
}
