/** How a table is divided: by the hash of a column, into so many partitions; 0: not at all. */
export interface Partitioning {
  readonly partitions: number;
}

/**
 * The tables of version 1. Never change its statements: what a later version needs is a migration of its own. Comments in SQL are not sent.
 *
 * Every row of a tree has `home` in front of its key: the number of the root in whose tree the session was born, which never changes. A
 * distributed PostgreSQL divides the tables by it. Moves change `root`, not `home`, so that a tree can have members of several homes; the row
 * of a tree lists them in `homes`, and may list some that are gone.
 *
 * Times are milliseconds since 1970. `number` counts the mutations of a tree. `clock` is the transaction of a mutation, above those of earlier
 * epochs of the database: see `changes/epoch.ts`. An owner is the user of a tree's root: empty for nobody, otherwise behind a "=".
 *
 * `path` holds the numbers of a session and of all above it, but for the root, among the children of their parents: see `rows/path.ts`.
 * A subtree is a range of paths. B-trees take no long keys, so that the index has the first bytes only.
 */
export function tables({ partitions }: Partitioning): string {
  return `
CREATE TABLE meta (key text PRIMARY KEY, value text NOT NULL);
CREATE SEQUENCE session_numbers;

-- Who may use a server, and how much: the texts that a server on files has beside the store. version: how often the text was written.
CREATE TABLE auth (name text PRIMARY KEY, text text NOT NULL, version int8 NOT NULL);

-- Every id ever given. Immutable: what is known of an id holds for ever.
CREATE TABLE ids (id text COLLATE "C" PRIMARY KEY, home int8 NOT NULL, sid int8 NOT NULL);

CREATE TABLE session_keys (
  owner text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, id text NOT NULL, home int8 NOT NULL, sid int8 NOT NULL,
  PRIMARY KEY (owner, key)
);
CREATE INDEX session_keys_key ON session_keys (key);

-- The lock and the clock of a tree. shape_clock: dropped by version 2. at: the time of the latest mutation.
${table(
  'trees',
  partitions,
  `
  home int8 NOT NULL, root int8 NOT NULL, id text NOT NULL, owner text NOT NULL,
  number int8 NOT NULL, clock int8 NOT NULL, shape_clock int8 NOT NULL, at int8 NOT NULL,
  homes int8[] NOT NULL, last_active_at int8 NOT NULL,
  PRIMARY KEY (home, root)`,
)}
CREATE INDEX trees_clock ON trees (clock);
CREATE INDEX trees_active ON trees (last_active_at, root);
CREATE INDEX trees_owner_active ON trees (owner, last_active_at, root);

${table(
  'sessions',
  partitions,
  `
  home int8 NOT NULL, sid int8 NOT NULL, id text NOT NULL,
  parent int8, parent_id text, root int8 NOT NULL, root_home int8 NOT NULL, root_id text NOT NULL, owner text NOT NULL,
  depth int4 NOT NULL, path bytea NOT NULL, arrival int8 NOT NULL, next_child int8 NOT NULL, child_count int8 NOT NULL,
  user_id text, key text, title text, agent_name text, project text,
  status text NOT NULL, status_message text, status_changed_at int8 NOT NULL,
  spawned_by text, forked_from text, metadata text NOT NULL,
  created_at int8 NOT NULL, last_active_at int8 NOT NULL, updated_at int8 NOT NULL, archived_at int8,
  message_count int8 NOT NULL, history_length int8 NOT NULL, next_ordinal int8 NOT NULL,
  input_tokens int8 NOT NULL, output_tokens int8 NOT NULL, cache_read_tokens int8 NOT NULL,
  cache_write_tokens int8 NOT NULL, reasoning_tokens int8 NOT NULL, cost_usd numeric, priced_count int8 NOT NULL,
  version int8 NOT NULL, number int8 NOT NULL, clock int8 NOT NULL, created_clock int8 NOT NULL, updated_clock int8 NOT NULL,
  PRIMARY KEY (home, sid)`,
)}
CREATE INDEX sessions_children ON sessions (parent, arrival) WHERE parent IS NOT NULL;
CREATE INDEX sessions_tree ON sessions (root, substring(path for 2000));
CREATE INDEX sessions_changed ON sessions (root, clock);
CREATE INDEX sessions_clock ON sessions (clock);
CREATE INDEX sessions_created ON sessions (created_at, sid);
CREATE INDEX sessions_active ON sessions (last_active_at, sid);
CREATE INDEX sessions_owner_created ON sessions (owner, created_at, sid);
CREATE INDEX sessions_owner_active ON sessions (owner, last_active_at, sid);
CREATE INDEX sessions_under_way ON sessions (sid) WHERE status IN ('RUNNING', 'WAITING') AND archived_at IS NULL;
CREATE INDEX sessions_user_created ON sessions (user_id, created_at, sid) WHERE user_id IS NOT NULL;
CREATE INDEX sessions_user_active ON sessions (user_id, last_active_at, sid) WHERE user_id IS NOT NULL;
CREATE INDEX sessions_project_active ON sessions (project, last_active_at, sid) WHERE project IS NOT NULL;
CREATE INDEX sessions_metadata ON sessions USING gin ((metadata::jsonb) jsonb_path_ops) WHERE metadata <> '{}';
CREATE INDEX sessions_forks ON sessions ((forked_from::json ->> 'sessionId'), created_at, sid) WHERE forked_from IS NOT NULL;
CREATE INDEX sessions_spawned ON sessions
  ((spawned_by::json ->> 'sessionId'), (spawned_by::json ->> 'toolCallId'), (spawned_by::json ->> 'messageId'), sid) WHERE spawned_by IS NOT NULL;

-- Sessions that were deleted: an id stays taken, a cursor keeps its place, a late retry gets its answer. last: what that needs, as JSON.
${table(
  'tombstones',
  partitions,
  `
  home int8 NOT NULL, sid int8 NOT NULL, id text NOT NULL,
  parent int8, parent_id text, root int8 NOT NULL, root_home int8 NOT NULL, owner text NOT NULL, path bytea NOT NULL, arrival int8 NOT NULL,
  number int8 NOT NULL, place int8 NOT NULL, clock int8 NOT NULL, created_clock int8 NOT NULL, last text,
  PRIMARY KEY (home, sid)`,
)}
CREATE INDEX tombstones_tree ON tombstones (root, substring(path for 2000));
CREATE INDEX tombstones_clock ON tombstones (clock);

-- Deleted sessions whose messages are still to be removed: see write/removals.ts.
${table('removals', partitions, 'home int8 NOT NULL, sid int8 NOT NULL, PRIMARY KEY (home, sid)')}

-- Each change of a session's place. from_root: the tree that it left. place: its order among the sessions of one mutation.
${table(
  'moves',
  partitions,
  `
  home int8 NOT NULL, sid int8 NOT NULL, number int8 NOT NULL, clock int8 NOT NULL, place int8 NOT NULL,
  from_root int8 NOT NULL, to_root int8 NOT NULL, former_parent_id text,
  PRIMARY KEY (home, sid, clock)`,
)}
CREATE INDEX moves_clock ON moves (clock);

-- The messages of histories, and those that were dropped from them (dropped_clock). A text that a message does not have is null; those that are
-- no text are JSON. rest: the members without a column, as JSON. bytes: of all texts. origin: the ordinal of the message of which a fork has this
-- copy; null for all others.
${table(
  'messages',
  partitions,
  `
  home int8 NOT NULL, sid int8 NOT NULL, ordinal int8 NOT NULL, position int8 NOT NULL,
  role int2 NOT NULL, created_at int8 NOT NULL, key text, model text, tool_call_id text, usage text,
  content text NOT NULL, content_length int8 NOT NULL, reasoning text, tool_calls text, payload text, metadata text, rest text,
  bytes int8 NOT NULL, is_copy bool NOT NULL, replaced_at int8, redacted_at int8,
  clock int8 NOT NULL, replaced_clock int8, dropped_clock int8, dropped_number int8, taken_over bool NOT NULL,
  origin int8,
  PRIMARY KEY (home, sid, ordinal)`,
)}
CREATE UNIQUE INDEX messages_key ON messages (home, sid, key) WHERE key IS NOT NULL AND dropped_clock IS NULL;
CREATE INDEX messages_replaced ON messages (home, sid, replaced_clock) WHERE replaced_clock IS NOT NULL;
CREATE INDEX messages_dropped ON messages (home, sid, dropped_clock) WHERE dropped_clock IS NOT NULL;
CREATE INDEX messages_results ON messages (home, sid, tool_call_id, ordinal)
  WHERE role = 3 AND tool_call_id IS NOT NULL AND dropped_clock IS NULL;

-- What the messages of a session cost, by day (since 1970, UTC) and model (behind a "="; empty for none).
${table(
  'usage',
  partitions,
  `
  home int8 NOT NULL, sid int8 NOT NULL, day int4 NOT NULL, model text NOT NULL, responses int8 NOT NULL,
  input_tokens int8 NOT NULL, output_tokens int8 NOT NULL, cache_read_tokens int8 NOT NULL,
  cache_write_tokens int8 NOT NULL, reasoning_tokens int8 NOT NULL, cost_usd numeric, priced_count int8 NOT NULL,
  PRIMARY KEY (home, sid, day, model)`,
)}

-- The searched texts of the messages in histories, as tokens of our own: see search/vectors.ts. A later docid is of a message that was written
-- later. part: 0, or from 1 for those of a message that is too long for one row. Lengths are in tokens, of the whole message.
CREATE SEQUENCE text_numbers;
${table(
  'texts',
  partitions,
  `
  home int8 NOT NULL, sid int8 NOT NULL, ordinal int8 NOT NULL, part int4 NOT NULL,
  docid int8 NOT NULL DEFAULT nextval('text_numbers'), role int2 NOT NULL, is_copy bool NOT NULL,
  content_length int4 NOT NULL, reasoning_length int4 NOT NULL, tool_calls_length int4 NOT NULL,
  content tsvector, reasoning tsvector, tool_calls tsvector,
  PRIMARY KEY (home, sid, ordinal, part)`,
)}
${textIndexes()}

-- The results of searches, best first, for their later pages. total: their number. search: a digest of what was searched for. After a crash they
-- are gone, and a search is done anew.
CREATE UNLOGGED TABLE rankings (
  id text PRIMARY KEY, search text NOT NULL, used_at int8 NOT NULL, total int4 NOT NULL,
  homes int8[] NOT NULL, sids int8[] NOT NULL, ordinals int8[] NOT NULL
);
ALTER TABLE rankings ALTER homes SET STORAGE EXTERNAL, ALTER sids SET STORAGE EXTERNAL, ALTER ordinals SET STORAGE EXTERNAL;

-- Why what messages say was overwritten.
${table(
  'redactions',
  partitions,
  `
  home int8 NOT NULL, sid int8 NOT NULL, clock int8 NOT NULL, at int8 NOT NULL, ordinals int8[] NOT NULL, reason text NOT NULL,
  PRIMARY KEY (home, sid, clock)`,
)}

-- The mutations that were done, for their retries. caller: empty for none, otherwise behind a "="; "!" for an operation that no client has
-- named: see write/operation-rows.ts. answer: as JSON.
CREATE TABLE operations (
  caller text NOT NULL, id text NOT NULL, fingerprint text NOT NULL, home int8 NOT NULL, sid int8 NOT NULL, session_id text NOT NULL,
  number int8 NOT NULL, at int8 NOT NULL, ordinal int8, position int8, answer text,
  PRIMARY KEY (caller, id)
);
CREATE INDEX operations_session ON operations (home, sid);
-- Each row is in one of these: what is too old is found by its time.
CREATE INDEX operations_at ON operations (at) WHERE caller <> '!';
CREATE INDEX operations_unnamed ON operations (at) WHERE caller = '!';
`;
}

/**
 * Messages in several parts are few: with indexes of their own, they can be grouped without a look at all others. GIN keeps new entries in
 * a pending list, which each search reads through: `gin_pending_list_limit` keeps it short.
 */
function textIndexes(): string {
  return ['content', 'reasoning', 'tool_calls']
    .flatMap((field) => [
      `CREATE INDEX texts_${field} ON texts USING gin (${field}) WITH (gin_pending_list_limit = 256) WHERE part = 0 AND ${field} IS NOT NULL;`,
      `CREATE INDEX texts_${field}_parts ON texts USING gin (${field}) WITH (gin_pending_list_limit = 256) WHERE part > 0 AND ${field} IS NOT NULL;`,
    ])
    .join('\n');
}

function table(name: string, partitions: number, columns: string): string {
  if (partitions === 0) return `CREATE TABLE ${name} (${columns}\n);`;
  const parts = Array.from(
    { length: partitions },
    (_, n) =>
      `CREATE TABLE ${name}_${n} PARTITION OF ${name} FOR VALUES WITH (MODULUS ${partitions}, REMAINDER ${n});`,
  );
  return `CREATE TABLE ${name} (${columns}\n) PARTITION BY HASH (home);\n${parts.join('\n')}`;
}
