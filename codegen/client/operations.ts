import { type GraphQLObjectType, type GraphQLSchema, isRequiredArgument } from 'graphql';
import { type Shape, type Shapes, selectionOf } from './shapes.ts';

/** An operation of the client. */
export interface Operation {
  /** The name of its constant. */
  readonly constant: string;
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

/** All operations of the client. */
export function createOperations(schema: GraphQLSchema, shapes: Shapes): Operation[] {
  return [...queries(schema, shapes), ...mutations(shapes), ...subscriptions(shapes)];
}

const constantOf = (name: string) => name.replaceAll(/[A-Z]/g, '_$&').toUpperCase();

function mutations(shapes: Shapes): Operation[] {
  const errors = errorSelection(shapes);
  return Object.entries(payloadShapes(shapes)).map(([name, payload]) => {
    const type = name[0]!.toUpperCase() + name.slice(1);
    return {
      constant: constantOf(name),
      document:
        `mutation ${type}($input:${type}Input!){${name}(input:$input){__typename ` +
        `...on ${payload.on}{${selectionOf(payload)}}...on Error{${errors}}}}`,
      data: `{ readonly ${name}: MutationResult<${payload.name}> }`,
      variables: `{ readonly input: ${type}Input }`,
    };
  });
}

/** The fields of every typed error. A type that this client does not know has its message all the same. */
function errorSelection({ errors }: Shapes): string {
  const selections = errors.map(
    (error) => `...on ${error.on}{${selectionOf(error, { without: ['message'] })}}`,
  );
  return `message ${selections.join('')}`;
}

/** The parts that operations share, by the names of their constants. The longest come first: they contain others. */
export function sharedTexts(shapes: Shapes): [name: string, text: string][] {
  return [
    ['ERRORS', errorSelection(shapes)],
    ['SESSION_FIELDS', selectionOf(shapes.session)],
    ['WRITTEN_SESSION', selectionOf(shapes.writtenSession)],
    ['PAGE_INFO', PAGE_INFO],
  ];
}

const PAGE_INFO = 'pageInfo{hasNextPage hasPreviousPage startCursor endCursor}';

function queries(
  schema: GraphQLSchema,
  { session, message, sessionOfHit, snippetPart, usageGroup }: Shapes,
): Operation[] {
  const query = schema.getQueryType()!;
  const sessionType = schema.getType('Session') as GraphQLObjectType;
  const byPlace = '$id:ID,$key:String,$ownerId:String';
  const place = 'session(id:$id,key:$key,ownerId:$ownerId)';
  const sessionFields = selectionOf(session);
  const text = { content: '(maxLength:$maxContentLength)' };
  const sessions = argumentsOf(query, 'sessions');
  const history = argumentsOf(sessionType, 'history');
  const search = argumentsOf(query, 'searchMessages');
  const report = argumentsOf(query, 'usageReport');
  const page = (name: string) => `Connection<${name}>`;
  const historyOf = (payload: boolean) =>
    `query History${payload ? 'WithPayloads' : ''}($id:ID!,$maxContentLength:Int,${history.definitions}){session(id:$id){` +
    `history(${history.uses}){nodes{${selectionOf(message, { ...(payload && { without: [] }), args: text })}}${PAGE_INFO}}}}`;
  const historyTypes = {
    data: `{ readonly session: { readonly history: ${page('Message')} } | null }`,
    variables: `{ readonly id: string; readonly maxContentLength?: number | null } & HistoryArguments`,
  };
  return [
    {
      constant: 'SESSION',
      document: `query Session(${byPlace}){${place}{${sessionFields}}}`,
      data: '{ readonly session: Session | null }',
      variables: 'SessionArguments',
    },
    {
      constant: 'SESSIONS',
      document: `query Sessions(${sessions.definitions}){sessions(${sessions.uses}){nodes{${sessionFields}}${PAGE_INFO}}}`,
      data: `{ readonly sessions: ${page('Session')} }`,
      variables: 'SessionsArguments',
    },
    {
      constant: 'TREE',
      document: `query Tree($id:ID!,$maxDepth:Int,$first:Int){session(id:$id){${sessionFields} descendants(maxDepth:$maxDepth,first:$first){nodes{${sessionFields}}${PAGE_INFO}}}}`,
      data: `{ readonly session: (Session & { readonly descendants: ${page('Session')} }) | null }`,
      variables: '{ readonly id: string; readonly maxDepth?: number | null; readonly first: number }',
    },
    {
      // Without the root: of a further page only its descendants are new.
      constant: 'DESCENDANTS',
      document: `query Descendants($id:ID!,$maxDepth:Int,$first:Int,$after:String){session(id:$id){descendants(maxDepth:$maxDepth,first:$first,after:$after){nodes{${sessionFields}}${PAGE_INFO}}}}`,
      data: `{ readonly session: { readonly descendants: ${page('Session')} } | null }`,
      variables:
        '{ readonly id: string; readonly maxDepth?: number | null; readonly first: number; readonly after: string | null }',
    },
    { constant: 'HISTORY', document: historyOf(false), ...historyTypes },
    { constant: 'HISTORY_WITH_PAYLOADS', document: historyOf(true), ...historyTypes },
    {
      constant: 'SEARCH_MESSAGES',
      document:
        `query SearchMessages($maxContentLength:Int,${search.definitions}){searchMessages(${search.uses}){` +
        `edges{node{${selectionOf(message, { args: text })} session{${selectionOf(sessionOfHit)}}}` +
        `snippet snippetParts{${selectionOf(snippetPart)}}}pageInfo{hasNextPage endCursor}isComplete totalCount}}`,
      data:
        '{ readonly searchMessages: { readonly edges: readonly SearchEdge[]; readonly pageInfo: ForwardPageInfo; ' +
        'readonly isComplete: boolean; readonly totalCount: number } }',
      variables: '{ readonly maxContentLength?: number | null } & SearchMessagesArguments',
    },
    {
      constant: 'USAGE_REPORT',
      document: `query UsageReport(${report.definitions}){usageReport(${report.uses}){${selectionOf(usageGroup)}}}`,
      data: '{ readonly usageReport: readonly UsageGroup[] }',
      variables: 'UsageReportArguments',
    },
  ];
}

function subscriptions({ session, message, sessionChanges, messageDraft }: Shapes): Operation[] {
  const text = { content: '(maxLength:$maxContentLength)' };
  const messages = `messages(first:$messages){${selectionOf(message, { args: text })}}`;
  const leavesOf = ({ fields }: Shape) =>
    [...fields].flatMap(([name, nested]) => (nested ? [] : name)).join(' ');
  const change = `${leavesOf(sessionChanges.fields.get('changes')!)} session{${selectionOf(session)}}${messages}`;
  return [
    {
      constant: 'SESSION_CHANGES',
      document:
        'subscription SessionChanges($within:ID,$after:String,$messages:Int,$maxContentLength:Int){' +
        `sessionChanges(within:$within,after:$after){${leavesOf(sessionChanges)} changes{${change}}}}`,
      data: '{ readonly sessionChanges: SessionChanges }',
      variables:
        '{ readonly within: string | null; readonly after: string | null; readonly messages?: number; readonly maxContentLength?: number }',
    },
    {
      constant: 'MESSAGE_STREAM',
      document: `subscription MessageStream($sessionId:ID!){messageStream(sessionId:$sessionId){${selectionOf(messageDraft)}}}`,
      data: '{ readonly messageStream: MessageDraft }',
      variables: '{ readonly sessionId: string }',
    },
  ];
}

/** All arguments of a field, as variables of an operation. */
function argumentsOf(type: GraphQLObjectType, field: string) {
  const { args } = type.getFields()[field]!;
  const ordered = args.toSorted((a, b) => Number(isRequiredArgument(b)) - Number(isRequiredArgument(a)));
  // A variable with the argument's default: left out, it has that default, where null would be an error.
  const literal = (arg: (typeof ordered)[number]) => {
    const value = arg.astNode?.defaultValue;
    return value?.loc ? `=${value.loc.source.body.slice(value.loc.start, value.loc.end)}` : '';
  };
  return {
    definitions: ordered.map((arg) => `$${arg.name}:${arg.type}${literal(arg)}`).join(),
    uses: ordered.map(({ name }) => `${name}:$${name}`).join(),
  };
}
