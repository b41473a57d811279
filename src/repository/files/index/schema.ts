/** Changes with every change of the tables below: an index of another version is thrown away and built again. */
export const INDEX_VERSION = 7;

/**
 * What a list goes along. Those of the archived are apart, so that no list steps over what it hides; they are there from the
 * beginning, for few sessions are archived, and each that is made later is a walk through all.
 */
function listIndexes(which: string, condition: string): string {
  const columns = ['root_id', '', 'user_id'];
  const times = ['created_at', 'last_active_at'];
  const indexes = columns.flatMap((column) =>
    times.map((time) => {
      const name = `${which}_by_${column && `${column}_and_`}${time}`;
      const some = column === 'user_id' ? ' AND user_id IS NOT NULL' : '';
      return `CREATE INDEX ${name} ON sessions (${column && `${column}, `}${time}) WHERE ${condition}${some};`;
    }),
  );
  const ofRoots = times.map(
    (time) =>
      `CREATE INDEX ${which}_roots_by_${time} ON sessions (${time}) WHERE ${condition} AND depth = 0;`,
  );
  return [...indexes, ...ofRoots].join('\n');
}

/**
 * The index: what is needed to answer without reading the files. It holds nothing that they do not.
 *
 * `sessions.seq` is the sequence number of the creation. `parent_seq` is null for a root, and where the parent cannot be
 * read; `root_id` and `depth` count from the topmost ancestor that can be read. `metadata` comes last: SQLite reads a long
 * row only as far as it must. `dropped_messages` were rolled back: a late retry of the rollback answers with them.
 * `shape_changes` is what the store's log says of sessions beside their files: `moved` tells a move, which has a new parent and
 * place, from an (un)archival, which has a time or none. An operation is `logged` where the log has it, not a session's file.
 * `size` and `mtime` (milliseconds) are those of the file when it was last read or written: a
 * file with others was changed by somebody else.
 */
export const TABLES = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE sessions (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  parent_id TEXT,
  parent_seq INTEGER,
  arrival INTEGER NOT NULL,
  root_id TEXT NOT NULL,
  depth INTEGER NOT NULL,
  child_count INTEGER NOT NULL,
  user_id TEXT,
  title TEXT,
  created_at INTEGER NOT NULL,
  last_active_at INTEGER NOT NULL,
  message_count INTEGER NOT NULL,
  history_length INTEGER NOT NULL,
  next_ordinal INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cost_usd TEXT,
  forked_from TEXT,
  archived_at INTEGER,
  version INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  size INTEGER NOT NULL,
  mtime REAL NOT NULL,
  metadata TEXT NOT NULL
);

CREATE TABLE messages (
  session INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  position INTEGER NOT NULL,
  role INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  length INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (session, ordinal)
) WITHOUT ROWID;

CREATE TABLE dropped_messages (
  session INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  position INTEGER NOT NULL,
  role INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  length INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (session, ordinal)
) WITHOUT ROWID;

CREATE TABLE shape_changes (
  id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  place INTEGER NOT NULL,
  version INTEGER NOT NULL,
  moved INTEGER NOT NULL,
  parent_id TEXT,
  arrival INTEGER,
  archived_at INTEGER,
  PRIMARY KEY (id, seq)
) WITHOUT ROWID;

CREATE TABLE metadata_terms (
  term INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (term, seq)
) WITHOUT ROWID;

CREATE TABLE operations (
  id TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  session_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  ordinal INTEGER,
  position INTEGER,
  logged INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE tombstones (
  id TEXT PRIMARY KEY,
  deleted_seq INTEGER NOT NULL,
  place INTEGER NOT NULL,
  parent_id TEXT,
  arrival INTEGER NOT NULL,
  last TEXT
) WITHOUT ROWID;

CREATE TABLE quarantine (
  kind TEXT NOT NULL,
  path TEXT NOT NULL,
  line INTEGER,
  session_id TEXT,
  reason TEXT NOT NULL,
  since INTEGER NOT NULL
);

${listIndexes('archived', 'archived_at IS NOT NULL')}

CREATE TABLE totals (sessions INTEGER NOT NULL, archived INTEGER NOT NULL, messages INTEGER NOT NULL);
INSERT INTO totals VALUES (0, 0, 0);
`;

/** What a relink needs to find its way. */
export const TREE_INDEX = 'CREATE INDEX sessions_children ON sessions (parent_seq, arrival)';

/** Made after a rebuild has filled and linked the tables: cheaper at once than row by row. */
export const INDEXES = `
CREATE INDEX sessions_parent_id ON sessions (parent_id);
${listIndexes('live', 'archived_at IS NULL')}
CREATE INDEX orphans ON sessions (seq) WHERE parent_seq IS NULL AND parent_id IS NOT NULL;
CREATE INDEX operations_session ON operations (session_id);
CREATE INDEX tombstones_deletion ON tombstones (deleted_seq, place);
CREATE INDEX shape_changes_seq ON shape_changes (seq, place);

CREATE TRIGGER session_added AFTER INSERT ON sessions BEGIN
  UPDATE totals SET sessions = sessions + 1, archived = archived + (NEW.archived_at IS NOT NULL),
    messages = messages + NEW.message_count;
  UPDATE sessions SET child_count = child_count + 1 WHERE seq = NEW.parent_seq;
END;
CREATE TRIGGER session_removed AFTER DELETE ON sessions BEGIN
  UPDATE totals SET sessions = sessions - 1, archived = archived - (OLD.archived_at IS NOT NULL),
    messages = messages - OLD.message_count;
  UPDATE sessions SET child_count = child_count - 1 WHERE seq = OLD.parent_seq;
END;
CREATE TRIGGER session_messages AFTER UPDATE OF message_count ON sessions BEGIN
  UPDATE totals SET messages = messages + NEW.message_count - OLD.message_count;
END;
CREATE TRIGGER session_archived AFTER UPDATE OF archived_at ON sessions BEGIN
  UPDATE totals SET archived = archived + (NEW.archived_at IS NOT NULL) - (OLD.archived_at IS NOT NULL);
END;
`;

/** Is there a session whose parent was not there when it came? */
export const ANY_WITHOUT_PLACE =
  'SELECT 1 FROM sessions WHERE parent_seq IS NULL AND parent_id IS NOT NULL LIMIT 1';

/**
 * Works out places that depend on other sessions, from `parent_id` alone, for all sessions at once: where files came or went,
 * or came in another order than parents first. It writes only the rows that change. Members of a circle (which no mutation can
 * make, but copied files can), and what is beneath them, have no root above them: each becomes a root of its own.
 */
export const PLACE = `
UPDATE sessions SET parent_seq = p.seq FROM (
    SELECT s.seq AS child, p.seq AS seq FROM sessions s LEFT JOIN sessions p ON p.id = s.parent_id
      WHERE s.parent_seq IS NOT p.seq
  ) p WHERE sessions.seq = p.child;
CREATE TEMP TABLE placed (seq INTEGER PRIMARY KEY, root_id TEXT NOT NULL, depth INTEGER NOT NULL);
INSERT INTO placed
  WITH RECURSIVE placing (seq, root_id, depth) AS (
    SELECT seq, id, 0 FROM sessions WHERE parent_seq IS NULL
    UNION ALL
    SELECT s.seq, p.root_id, p.depth + 1 FROM placing p JOIN sessions s ON s.parent_seq = p.seq
  )
  SELECT * FROM placing;
UPDATE sessions SET root_id = p.root_id, depth = p.depth FROM placed p
  WHERE p.seq = sessions.seq AND (sessions.root_id <> p.root_id OR sessions.depth <> p.depth);
UPDATE sessions SET parent_seq = NULL, root_id = id, depth = 0 WHERE seq NOT IN (SELECT seq FROM placed);
DROP TABLE placed;
`;

/** Counts children by the places of sessions. */
export const COUNT_CHILDREN = `
UPDATE sessions SET child_count = 0 WHERE child_count <> 0
  AND NOT EXISTS (SELECT 1 FROM sessions c WHERE c.parent_seq = sessions.seq);
UPDATE sessions SET child_count = c.n FROM (
    SELECT parent_seq, count(*) AS n FROM sessions WHERE parent_seq IS NOT NULL GROUP BY parent_seq
  ) c WHERE c.parent_seq = sessions.seq AND sessions.child_count <> c.n;
`;

/** Counts all there is. */
export const COUNT_ALL = `
UPDATE totals SET (sessions, archived, messages) =
  (SELECT count(*), count(archived_at), coalesce(sum(message_count), 0) FROM sessions);
`;
