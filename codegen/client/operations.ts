import { type GraphQLObjectType, type GraphQLSchema, isRequiredArgument } from 'graphql';
import { type Shape, type Shapes, selectionOf } from './shapes.ts';

/** An operation of the client. */
export interface Operation {
  readonly name: string;
  /** Default: `query`. */
  readonly kind?: 'subscription';
  /** Its only field, with all beneath. */
  readonly document: string;
  /** The TypeScript types of its data and its variables. */
  readonly data: string;
  readonly variables: string;
}

/** What the client selects of each mutation's payload. */
export function payloadShapes({
  session,
  writtenSession,
  writtenMessage,
  shape,
}: Shapes): Record<string, Shape> {
  const payload = (type: string, leaves: readonly string[], nested: Record<string, Shape>) =>
    shape(`${type}Payload`, `${type}Payload`, leaves, nested);
  const written = { session: writtenSession, messages: writtenMessage };
  return {
    createSession: payload('CreateSession', ['isNew'], { session }),
    spawnSession: payload('SpawnSession', ['isNew'], { session }),
    updateSession: payload('UpdateSession', [], { session }),
    forkSession: payload('ForkSession', [], { session }),
    moveSession: payload('MoveSession', [], { session }),
    archiveSession: payload('ArchiveSession', ['archivedIds'], { session }),
    unarchiveSession: payload('UnarchiveSession', ['unarchivedIds'], { session }),
    deleteSession: payload('DeleteSession', ['isDryRun', 'deletedIds', 'reparentedIds'], {}),
    appendMessages: payload('AppendMessages', [], written),
    writeHistory: payload('WriteHistory', ['isNew', 'removedCount'], written),
    truncateHistory: payload('TruncateHistory', ['isDryRun', 'removedCount'], { session: writtenSession }),
    streamMessage: payload('StreamMessage', ['watchers'], {}),
  };
}

/** All operations of the client that are no mutations. */
export function createOperations(schema: GraphQLSchema, shapes: Shapes): Operation[] {
  return [...queries(schema, shapes), ...subscriptions(shapes)];
}

/** The selection of each mutation's payload, by the mutation's name. */
export function payloadSelections(shapes: Shapes): [mutation: string, selection: string][] {
  return Object.entries(payloadShapes(shapes)).map(([name, payload]) => [name, selectionOf(payload)]);
}

/** The fields of every typed error. A type that this client does not know has its message all the same. */
export function errorSelection({ errors }: Shapes): string {
  const selections = errors.map((error) => {
    const own = selectionOf(error, { without: ['message'] });
    return own && `...on ${error.on}{${own}}`;
  });
  return `message ${selections.join('')}`;
}

/** The parts that operations share, by the names of their constants. The longest come first: they contain others. */
export function sharedTexts(shapes: Shapes): [name: string, text: string][] {
  return [
    ['SESSION_FIELDS', selectionOf(shapes.session)],
    ['MESSAGE_FIELDS', messageSelection(shapes)],
    ['PAGE_INFO', PAGE_INFO],
  ];
}

const PAGE_INFO = 'pageInfo{hasNextPage hasPreviousPage startCursor endCursor}';

const messageSelection = ({ message }: Shapes) =>
  selectionOf(message, { args: { content: '(maxLength:$maxContentLength:Int)' } });

/** In the notation of `operation`, which the generated file has: each variable where it is used, with its type. */
function queries(schema: GraphQLSchema, shapes: Shapes): Operation[] {
  const { session, sessionOfHit, snippetPart, usageGroup } = shapes;
  const query = schema.getQueryType()!;
  const sessionType = schema.getType('Session') as GraphQLObjectType;
  const sessionFields = selectionOf(session);
  const messageFields = messageSelection(shapes);
  const page = (name: string) => `Connection<${name}>`;
  return [
    {
      name: 'Session',
      document: `session(${argumentsOf(query, 'session')}){${sessionFields}}`,
      data: '{ readonly session: Session | null }',
      variables: 'SessionArguments',
    },
    {
      name: 'Sessions',
      document: `sessions(${argumentsOf(query, 'sessions')}){nodes{${sessionFields}}${PAGE_INFO}}`,
      data: `{ readonly sessions: ${page('Session')} }`,
      variables: 'SessionsArguments',
    },
    {
      name: 'Tree',
      document: `session(id:$ID!){${sessionFields} descendants(maxDepth:$Int,first:$Int,after:$String){nodes{${sessionFields}}${PAGE_INFO}}}`,
      data: `{ readonly session: (Session & { readonly descendants: ${page('Session')} }) | null }`,
      variables:
        '{ readonly id: string; readonly maxDepth?: number | null; readonly first: number; readonly after: string | null }',
    },
    {
      name: 'History',
      document: `session(id:$ID!){history(${argumentsOf(sessionType, 'history')}){nodes{${messageFields}}${PAGE_INFO}}}`,
      data: `{ readonly session: { readonly history: ${page('Message')} } | null }`,
      variables: '{ readonly id: string; readonly maxContentLength?: number | null } & HistoryArguments',
    },
    {
      name: 'SearchMessages',
      document:
        `searchMessages(${argumentsOf(query, 'searchMessages')}){` +
        `edges{node{${messageFields} session{${selectionOf(sessionOfHit)}}}` +
        `snippet snippetParts{${selectionOf(snippetPart)}}}${PAGE_INFO}isComplete totalCount}`,
      data:
        '{ readonly searchMessages: { readonly edges: readonly SearchEdge[]; readonly pageInfo: Connection<never>["pageInfo"]; ' +
        'readonly isComplete: boolean; readonly totalCount: number } }',
      variables: '{ readonly maxContentLength?: number | null } & SearchMessagesArguments',
    },
    {
      name: 'UsageReport',
      document: `usageReport(${argumentsOf(query, 'usageReport')}){${selectionOf(usageGroup)}}`,
      data: '{ readonly usageReport: readonly UsageGroup[] }',
      variables: 'UsageReportArguments',
    },
  ];
}

function subscriptions(shapes: Shapes): Operation[] {
  const { session, sessionChanges, messageDraft } = shapes;
  const leavesOf = ({ fields }: Shape) =>
    [...fields].flatMap(([name, nested]) => (nested ? [] : name)).join(' ');
  const messageFields = messageSelection(shapes);
  const change =
    `${leavesOf(sessionChanges.fields.get('changes')!)} session{${selectionOf(session)}}` +
    `messages(first:$messages:Int){${messageFields}}`;
  return [
    {
      name: 'SessionChanges',
      kind: 'subscription',
      document: `sessionChanges(within:$ID,after:$String){${leavesOf(sessionChanges)} changes{${change}}}`,
      data: '{ readonly sessionChanges: SessionChanges }',
      variables:
        '{ readonly within: string | null; readonly after: string | null; readonly messages?: number; readonly maxContentLength?: number }',
    },
    {
      name: 'MessageStream',
      kind: 'subscription',
      document: `messageStream(sessionId:$ID!){${leavesOf(messageDraft)} message{${messageFields}}}`,
      data: '{ readonly messageStream: MessageDraft }',
      variables: '{ readonly sessionId: string }',
    },
  ];
}

/** All arguments of a field, those that it needs first. An argument that is left out has its default. */
function argumentsOf(type: GraphQLObjectType, field: string): string {
  const { args } = type.getFields()[field]!;
  const ordered = args.toSorted((a, b) => Number(isRequiredArgument(b)) - Number(isRequiredArgument(a)));
  return ordered.map((arg) => `${arg.name}:$${arg.type}`).join();
}
