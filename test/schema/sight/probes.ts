/**
 * Operations that Ada sends with ids, keys and texts of Ben: `who` is "ben", or the name of somebody who never was. Both must get the
 * same answer, but for that name. Mutations must change nothing.
 */
export type Probe = (who: string) => string;

const SHOWN = '{ __typename ... on Error { message } }';

export const QUERIES: readonly Probe[] = [
  (who) => `{ session(id: "${who}-root") { id title } }`,
  (who) => `{ session(key: "${who}-root-key") { id title } }`,
  (who) => `{ session(key: "${who}-root-key", ownerId: "${who}") { id } }`,
  (who) => `{ node(id: "${who}-root") { id } }`,
  (who) => `{ node(id: "${who}-root:0") { id ... on Message { content } } }`,
  (who) => `{ nodes(ids: ["${who}-root", "ada-root", "${who}-leaf:1", "${who}-fork"]) { id } }`,
  ...['keyPrefix', 'project', 'agentName', 'title', 'userId', 'parentId', 'rootId'].map(
    (member): Probe =>
      (who) => {
        const end = { project: '-project', agentName: '-agent', parentId: '-root', rootId: '-root' }[member];
        const filter = `{ ${member}: "${who}${end ?? ''}", archived: INCLUDE }`;
        return (
          `{ sessions(filter: ${filter}) { totalCount nodes { id } } ` +
          `searchMessages(query: "says", filter: ${filter}) { totalCount nodes { id } } ` +
          `usageReport(by: [USER], filter: ${filter}) { userId responseCount } }`
        );
      },
  ),
  (who) =>
    `{ session(id: "ada-root") { children(filter: { agentName: "${who}-agent" }) { totalCount nodes { id } } } }`,
  (who) => `{ sessions(filter: { metadata: { who: "${who}" } }) { totalCount nodes { id } } }`,
  (who) => `{ searchMessages(query: "${who}") { totalCount nodes { id } edges { snippet } } }`,
  (who) => `{ searchMessages(query: "says", within: "${who}-root") { totalCount nodes { id } } }`,
  (who) => `{ searchMessages(query: "says", within: "${who}-root", subtree: false) { nodes { id } } }`,
  (who) => `{ usageReport(by: [MODEL], within: "${who}-root") { model responseCount } }`,
  (who) => `{ session(id: "ada-root") { history(fromMessageId: "${who}-root:0") { nodes { id } } } }`,
  (who) => `{ session(id: "ada-root") { messagesByKey(keys: ["${who}-0"]) { id } } }`,
];

/** With the id of an operation that Ben did before. */
const mutation =
  (field: string, input: Probe): Probe =>
  (who) => {
    const operation = field === 'streamMessage' ? '' : `, operationId: "${who}-operation"`;
    return `mutation { ${field}(input: { ${input(who)}${operation} }) ${SHOWN} }`;
  };

export const MUTATIONS: readonly Probe[] = [
  mutation('createSession', (who) => `userId: "${who}"`),
  mutation('sendMessage', (who) => `sessionId: "${who}-root", message: "x"`),
  mutation(
    'appendMessages',
    (who) => `sessionId: "${who}-root", messages: [{ role: USER, content: "x", key: "${who}-0" }]`,
  ),
  mutation('writeHistory', (who) => `sessionId: "${who}-root", messages: [{ role: USER, content: "x" }]`),
  mutation('writeHistory', (who) => `key: "${who}-root-key", messages: [{ role: USER, content: "x" }]`),
  mutation('writeHistory', (who) => `key: "${who}-root-key", ownerId: "${who}", title: "x"`),
  mutation(
    'writeHistory',
    (who) =>
      `key: "${who}-new", create: { forkedFrom: { sessionId: "${who}-root", messageId: "${who}-root:0" } }`,
  ),
  mutation('writeHistory', (who) => `key: "new", create: { parentId: "${who}-root" }`),
  mutation('writeHistory', (who) => `key: "new", create: { parentKey: "${who}-root-key" }`),
  mutation('spawnSession', (who) => `parentId: "${who}-root", key: "x"`),
  mutation('spawnSession', (who) => `parentId: "ada-root", userId: "${who}"`),
  mutation('spawnSession', (who) => `parentId: "ada-root", spawnedBy: { messageId: "${who}-root:1" }`),
  mutation('updateSession', (who) => `sessionId: "${who}-root", title: "x"`),
  mutation('updateSession', (who) => `sessionId: "${who}-root", key: "mine"`),
  mutation('deleteSession', (who) => `sessionId: "${who}-root", mode: CASCADE`),
  mutation('deleteSession', (who) => `sessionId: "${who}-root", mode: CASCADE, dryRun: true`),
  mutation('forkSession', (who) => `sessionId: "${who}-root", key: "x"`),
  mutation('forkSession', (who) => `sessionId: "ada-root", throughMessageId: "${who}-root:0"`),
  mutation('moveSession', (who) => `sessionId: "${who}-child", parentId: "ada-root"`),
  mutation('moveSession', (who) => `sessionId: "ada-leaf", parentId: "${who}-root"`),
  mutation('moveSession', (who) => `sessionId: "${who}-child", asRoot: true`),
  mutation('archiveSession', (who) => `sessionId: "${who}-root"`),
  mutation('unarchiveSession', (who) => `sessionId: "${who}-root"`),
  mutation('truncateHistory', (who) => `sessionId: "${who}-root", keep: 0`),
  mutation('truncateHistory', (who) => `sessionId: "${who}-root", keep: 0, dryRun: true`),
  mutation('redactMessages', (who) => `messageIds: ["${who}-root:0"], reason: "x"`),
  mutation('redactMessages', (who) => `messageIds: ["ada-root:0", "${who}-root:0"], reason: "x"`),
  mutation('streamMessage', (who) => `sessionId: "${who}-root", key: "${who}-draft", content: "x"`),
];

const SESSION = 'id title userId';
const MESSAGE = 'id content session { id }';
const CONNECTION = `{ totalCount nodes { ${SESSION} } edges { node { id } } }`;

/** All ways from Ada's own sessions to others. */
export const WALKS: readonly string[] = [
  `fragment All on Session {
    ${SESSION} parentId rootId
    parent { ${SESSION} } root { ${SESSION} } ancestors { ${SESSION} }
    children(first: 50) ${CONNECTION}
    descendants(first: 50) ${CONNECTION}
    forks(first: 50) ${CONNECTION}
    forkedFrom { session { ${SESSION} } }
    spawnedBy { message { ${MESSAGE} } }
    messagesByKey(keys: ["ada-0"]) { ${MESSAGE} }
    history(first: 50) {
      edges { node { id } }
      nodes { ${MESSAGE} toolCalls { toolCallId result { ${MESSAGE} } session { ${SESSION} } } }
    }
    rollup { sessionCount messageCount usage { inputTokens } byModel { model } }
  }
  {
    session(id: "ada-root") { ...All descendants(first: 50) { nodes { ...All } } }
    sessions(filter: { archived: INCLUDE }) { totalCount nodes { ${SESSION} } edges { node { id } } }
    searchMessages(query: "says OR calls OR answers") { totalCount nodes { id } edges { node { ${MESSAGE} } snippet } }
    usageReport(by: [USER, MODEL, ROOT, PROJECT, AGENT]) { userId model project agentName root { ${SESSION} } }
    store { sessionCount messageCount quarantined { path } }
    nodes(ids: ["ada-root", "ada-root:0"]) { id }
  }`,
];

/** Mutations of Ada's own sessions, with all that their answers show. */
export const OWN_MUTATIONS: readonly string[] = [
  `mutation { createSession(input: { id: "ada-new", key: "ben-root-key" }) { ... on CreateSessionPayload { session { ${SESSION} } } } }`,
  `mutation { spawnSession(input: { parentId: "ada-moved", id: "ada-spawned" }) { ... on SpawnSessionPayload {
    session { ${SESSION} } parent { ${SESSION} } edge { node { id } } } } }`,
  `mutation { sendMessage(input: { sessionId: "ada-fork", message: "m" }) { ... on SendMessagePayload {
    session { ${SESSION} } messages { ${MESSAGE} } edges { node { id } } } } }`,
  `mutation { appendMessages(input: { sessionId: "ada-fork", messages: [{ role: USER, key: "k" }] }) { ... on AppendMessagesPayload {
    session { ${SESSION} } messages { ${MESSAGE} } edges { node { id } } } } }`,
  `mutation { writeHistory(input: { sessionId: "ada-new", keep: 0, messages: [{ role: USER }] }) { ... on WriteHistoryPayload {
    session { ${SESSION} } messages { ${MESSAGE} } edges { node { id } } removed { id } } } }`,
  `mutation { updateSession(input: { sessionId: "ada-new", title: "t" }) { ... on UpdateSessionPayload { session { ${SESSION} } } } }`,
  `mutation { forkSession(input: { sessionId: "ada-fork", id: "ada-fork-2" }) { ... on ForkSessionPayload {
    session { ${SESSION} forkedFrom { session { id } } } origin { ${SESSION} } edge { node { id } } } } }`,
  `mutation { moveSession(input: { sessionId: "ada-fork-2", parentId: "ada-new" }) { ... on MoveSessionPayload {
    session { ${SESSION} } formerParent { ${SESSION} } edge { node { id } } } } }`,
  `mutation { archiveSession(input: { sessionId: "ada-new" }) { ... on ArchiveSessionPayload { session { ${SESSION} } archived { ${SESSION} } } } }`,
  `mutation { unarchiveSession(input: { sessionId: "ada-new" }) { ... on UnarchiveSessionPayload { session { ${SESSION} } unarchived { ${SESSION} } } } }`,
  `mutation { truncateHistory(input: { sessionId: "ada-fork", keep: 1 }) { ... on TruncateHistoryPayload { session { ${SESSION} } removed { id } } } }`,
  `mutation { redactMessages(input: { messageIds: ["ada-child:0"], reason: "x" }) { ... on RedactMessagesPayload { messages { ${MESSAGE} redactedAt } } } }`,
  `mutation { deleteSession(input: { sessionId: "ada-new", mode: REPARENT }) { ... on DeleteSessionPayload {
    deletedIds reparentedIds reparented { ${SESSION} } parent { ${SESSION} } } } }`,
];

export const SUBSCRIPTIONS: readonly Probe[] = [
  (who) => `subscription { messageStream(sessionId: "${who}-root") { key message { ${MESSAGE} } } }`,
  (who) => `subscription { sessionChanges(within: "${who}-root") { cursor changes { sessionId } } }`,
];

/** Fields with pages: each from a cursor of Ben's own session on, or before it. */
export const PAGED = ['children', 'descendants', 'forks', 'history'].flatMap((field) => [
  { field, argument: 'after', limit: 'first' },
  { field, argument: 'before', limit: 'last' },
]);

/** Of all that Ada may see; `after` is a cursor of Ben. */
export const CHANGES = `subscription ($after: String) { sessionChanges(after: $after) {
  isReset changes { kind sessionId formerParentId session { ${SESSION} } messages { ${MESSAGE} } } } }`;
