import type { Value } from '../connection/value.ts';

/** The values of a statement whose text is put together. */
export class Parameters {
  readonly values: Value[] = [];

  /** The parameter with this value, as it stands in SQL. */
  add(value: Value, type: string): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }
}
