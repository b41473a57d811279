import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  GraphQLInterfaceType,
  GraphQLObjectType,
  type GraphQLSchema,
  GraphQLUnionType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';
import type { Request } from './by-the-book.ts';

const MAX_DEPTH = 6;

type Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType;

/** Values for strings, ids and numbers: existing ones, missing ones, and invalid ones. */
export interface Pools {
  readonly ID: readonly string[];
  readonly String: readonly string[];
  readonly cursors: readonly string[];
}

const NUMBERS = [1, 2, 3, 0, 50, -1, 1_001];

/**
 * Draws a query from the schema, or a mutation. Each decision takes the next number of `tape`, or 0 at the end of the tape. 0 stands for the
 * simplest choice, so a shorter tape gives a smaller query.
 */
export class RandomQuery implements Request {
  readonly query: string;
  readonly variables: Record<string, unknown> = {};
  readonly #schema: GraphQLSchema;
  readonly #pools: Pools;
  readonly #tape: readonly number[];
  #read = 0;
  #names = 0;
  readonly #declared: string[] = [];
  readonly #fragments: { readonly name: string; readonly on: Composite; readonly text: string }[] = [];

  constructor(
    schema: GraphQLSchema,
    pools: Pools,
    tape: readonly number[],
    operation: 'query' | 'mutation' = 'query',
  ) {
    this.#schema = schema;
    this.#pools = pools;
    this.#tape = tape;
    const root = operation === 'query' ? schema.getQueryType()! : schema.getMutationType()!;
    const selection = this.#selection(root, 1);
    const declared = this.#declared.length > 0 ? `(${this.#declared.join(', ')})` : '';
    const fragments = this.#fragments.map(({ name, on, text }) => `fragment ${name} on ${on} ${text}`);
    this.query = [`${operation} Q${declared} ${selection}`, ...fragments].join('\n');
  }

  /** Printed for a query that fails a test. */
  toString(): string {
    return `${this.query} ${JSON.stringify(this.variables)}`;
  }

  #below(count: number): number {
    const number = this.#tape[this.#read] ?? 0;
    this.#read += 1;
    return number % count;
  }

  #oneOf<T>(choices: readonly T[]): T {
    return choices[this.#below(choices.length)]!;
  }

  /** True in one of `count` cases. */
  #rarely(count: number): boolean {
    return this.#below(count) === count - 1;
  }

  #newName(prefix: string): string {
    this.#names += 1;
    return `${prefix}${this.#names}`;
  }

  #selection(type: Composite, depth: number): string {
    const parts: string[] = [];
    const count = 1 + this.#below(4);
    for (let n = 0; n < count; n += 1) parts.push(this.#part(type, depth));
    return `{ ${parts.join(' ')} }`;
  }

  #part(type: Composite, depth: number): string {
    if (this.#rarely(12)) return this.#rarely(2) ? `${this.#newName('t')}: __typename` : '__typename';
    if (type instanceof GraphQLUnionType || this.#rarely(6)) return this.#fragment(type, depth);
    const fields = Object.values(type.getFields()).filter(
      (field) => depth < MAX_DEPTH || !isComposite(getNamedType(field.type)),
    );
    // At the deepest level, some types have no leaf field.
    return fields.length === 0 ? '__typename' : this.#field(this.#oneOf(fields), depth);
  }

  #fragment(type: Composite, depth: number): string {
    // A union within itself would have no end.
    const on = this.#oneOf(type instanceof GraphQLUnionType ? this.#kin(type) : [type, ...this.#kin(type)]);
    const condition = this.#rarely(30) ? ` @include(if: ${this.#rarely(2)})` : '';
    if (on === type && this.#rarely(3)) return `...${condition} ${this.#selection(type, depth)}`;
    if (this.#rarely(2)) return `... on ${on}${condition} ${this.#selection(on, depth)}`;
    const known = this.#fragments.find((fragment) => fragment.on === on);
    if (known && this.#rarely(2)) return `...${known.name}${condition}`;
    const name = this.#newName('F');
    const text = this.#selection(on, depth);
    this.#fragments.push({ name, on, text });
    return `...${name}${condition}`;
  }

  /** Types whose objects can be of `type`. */
  #kin(type: Composite): readonly Composite[] {
    if (type instanceof GraphQLObjectType) return type.getInterfaces();
    return this.#schema.getPossibleTypes(type);
  }

  #field(field: GraphQLField<unknown, unknown>, depth: number): string {
    const args = this.#arguments(field.args);
    // Fields of one name are merged. With arguments, they hardly ever can be, so each gets an alias.
    const isPlain = args === '' && !this.#rarely(5);
    const alias = isPlain ? '' : `${this.#newName('a')}: `;
    const inner = getNamedType(field.type);
    const text = `${alias}${field.name}${args}${isComposite(inner) ? ` ${this.#selection(inner, depth + 1)}` : ''}`;
    if (!isComposite(inner) || !this.#rarely(6)) return text;
    // Selects the field a second time, with another selection to merge.
    return `${text} ${alias}${field.name}${args} ${this.#selection(inner, depth + 1)}`;
  }

  #arguments(args: readonly GraphQLArgument[]): string {
    const given = args
      .filter(({ type, defaultValue }) =>
        isNonNullType(type) && defaultValue === undefined ? true : this.#rarely(4),
      )
      .map(({ name, type }) => `${name}: ${this.#value(name, type)}`);
    return given.length === 0 ? '' : `(${given.join(', ')})`;
  }

  #value(name: string, type: GraphQLInputType): string {
    if (!this.#rarely(4)) return literal(this.#json(name, type), type);
    const variable = this.#newName('v');
    const isOptional = !isNonNullType(type);
    const preset = isOptional && this.#rarely(3) ? ` = ${literal(this.#json(name, type), type)}` : '';
    this.#declared.push(`$${variable}: ${type}${preset}`);
    const value = this.#json(name, type);
    if (this.#rarely(40)) this.variables[variable] = this.#oneOf([{}, true, 'x', null, [null]]);
    else if (!isOptional || !this.#rarely(4)) this.variables[variable] = value;
    return `$${variable}`;
  }

  /** A value of `type`, as JSON. */
  #json(name: string, type: GraphQLInputType): unknown {
    if (!isNonNullType(type) && this.#rarely(8)) return null;
    const present = getNullableType(type);
    if (isListType(present)) {
      const item = () => this.#json(name, present.ofType as GraphQLInputType);
      // A single value is coerced to a list.
      if (this.#rarely(3)) return item();
      return Array.from({ length: this.#below(4) }, item);
    }
    if (isEnumType(present)) return this.#oneOf(present.getValues()).name;
    if (isInputObjectType(present)) {
      const fields = Object.values(present.getFields());
      const given = fields.filter((field) => isNonNullType(field.type) || this.#rarely(5));
      return Object.fromEntries(given.map((field) => [field.name, this.#json(field.name, field.type)]));
    }
    switch (String(present)) {
      case 'ID':
        return this.#oneOf(this.#pools.ID);
      case 'Int':
        return this.#oneOf(NUMBERS);
      case 'SafeInt':
        return this.#oneOf([0, 1, 2 ** 40]);
      case 'Float':
        return this.#oneOf([0, 0.5, -1]);
      case 'Boolean':
        return this.#oneOf([true, false]);
      case 'DateTime':
        return this.#oneOf(['2026-01-31T09:00:00Z', '2026-01-31T09:05:00+01:00', '1999-12-31T23:59:59.999Z']);
      case 'JSON':
      case 'JSONObject':
        return this.#oneOf<object>([{}, { topic: 'a' }, { topic: 'odd', constructor: 'c' }]);
      case 'String':
        return this.#oneOf(/after|before/.test(name) ? this.#pools.cursors : this.#pools.String);
      default:
        throw new Error(`expected a type that values are known of, got ${present}`);
    }
  }
}

function isComposite(type: unknown): type is Composite {
  return (
    type instanceof GraphQLObjectType ||
    type instanceof GraphQLInterfaceType ||
    type instanceof GraphQLUnionType
  );
}

/** `value` as a literal of a document. */
function literal(value: unknown, type: GraphQLInputType): string {
  const present = getNullableType(type);
  if (value === null) return 'null';
  if (isListType(present)) {
    const item = (each: unknown) => literal(each, present.ofType as GraphQLInputType);
    return Array.isArray(value) ? `[${value.map(item).join(', ')}]` : item(value);
  }
  if (isEnumType(present)) return String(value);
  if (isInputObjectType(present)) {
    const fields = present.getFields();
    const parts = Object.entries(value as object).map(
      ([name, each]) => `${name}: ${literal(each, fields[name]!.type)}`,
    );
    return `{ ${parts.join(', ')} }`;
  }
  return String(present).startsWith('JSON') ? jsonLiteral(value) : JSON.stringify(value);
}

function jsonLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonLiteral).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const parts = Object.entries(value).map(([name, each]) => `${name}: ${jsonLiteral(each)}`);
  return `{ ${parts.join(', ')} }`;
}
