import {
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isLeafType,
  isRequiredArgument,
} from 'graphql';

/** What the client selects of an object type: the names of fields, each with the shape of the object that it leads to. */
export interface Shape {
  /** The name of its TypeScript interface. */
  readonly name: string;
  /** The type of the schema. */
  readonly on: string;
  readonly fields: ReadonlyMap<string, Shape | null>;
  /** Fields that only some operations select. */
  readonly optional: readonly string[];
}

/** The shapes that all operations are made of. A new scalar field of the schema comes into them by itself. */
export function createShapes(schema: GraphQLSchema) {
  const objectType = (name: string) => schema.getType(name) as GraphQLObjectType;
  const leavesOf = (on: string) =>
    Object.values(objectType(on).getFields())
      .filter(({ type, args }) => isLeafType(getNamedType(type)) && !args.some(isRequiredArgument))
      .map(({ name }) => name);
  const shape = (
    name: string,
    on: string,
    leaves: readonly string[],
    nested: Record<string, Shape> = {},
  ) => ({
    name,
    on,
    fields: new Map<string, Shape | null>([
      ...leaves.map((leaf) => [leaf, null] as const),
      ...Object.entries(nested),
    ]),
    optional: [] as readonly string[],
  });
  const whole = (on: string, nested: Record<string, Shape> = {}) => shape(on, on, leavesOf(on), nested);

  const usage = whole('TokenUsage');
  const session = whole('Session', {
    usage,
    spawnedBy: whole('SpawnOrigin'),
    forkedFrom: whole('ForkOrigin'),
  });
  const message = { ...whole('Message', { usage, toolCalls: whole('ToolCall') }), optional: ['payload'] };
  // Who writes a message knows what it says: the answer brings what the server has added.
  const writtenMessage = shape('WrittenMessage', 'Message', ['id', 'key', 'position', 'createdAt']);
  const writtenSession = shape('WrittenSession', 'Session', [
    ...['id', 'key', 'version', 'status', 'messageCount', 'historyLength', 'lastActiveAt'],
  ]);
  const sessionOfHit = shape('SessionOfHit', 'Session', [
    ...['id', 'key', 'parentId', 'rootId', 'title', 'agentName', 'project'],
  ]);
  const snippetPart = whole('SnippetPart');
  const usageGroup = whole('UsageGroup', { usage, root: sessionOfHit });
  const sessionChange = whole('SessionChange', { session, messages: message });
  const sessionChanges = whole('SessionChanges', { changes: sessionChange });
  const messageDraft = whole('MessageDraft', { message });
  const errors = schema
    .getPossibleTypes(schema.getType('Error') as never)
    .map(({ name }) =>
      name === 'InvalidInputError' ? whole(name, { issues: whole('InputIssue') }) : whole(name),
    );
  return {
    usage,
    session,
    message,
    writtenMessage,
    writtenSession,
    sessionOfHit,
    snippetPart,
    usageGroup,
    sessionChanges,
    messageDraft,
    errors,
    whole,
    shape,
  };
}

export type Shapes = ReturnType<typeof createShapes>;

export interface SelectionOptions {
  /** Fields that are left out. Default: those that are optional. */
  readonly without?: readonly string[];
  /** Arguments of fields, with their parentheses. */
  readonly args?: Readonly<Record<string, string>>;
}

/** The selection of a shape, as compact as GraphQL allows. */
export function selectionOf(
  shape: Shape,
  { without = shape.optional, args = {} }: SelectionOptions = {},
): string {
  return [...shape.fields]
    .filter(([name]) => !without.includes(name))
    .map(([name, nested]) => `${name}${args[name] ?? ''}${nested ? `{${selectionOf(nested)}}` : ''}`)
    .join(' ');
}
