import { crc32 } from 'node:zlib';
import type { SessionStatus } from '../../../model/session.ts';
import { COLUMN_DEFINITIONS } from './session-row.ts';

/** The id of the session that a session was forked from. */
export const FORK_ORIGIN = "json_extract(forked_from, '$.sessionId')";

/** The members of what spawned a session. */
export const SPAWN_ORIGIN = {
  sessionId: "json_extract(spawned_by, '$.sessionId')",
  toolCallId: "json_extract(spawned_by, '$.toolCallId')",
  messageId: "json_extract(spawned_by, '$.messageId')",
} as const;
export const IS_SPAWNED_BY_CALL = `spawned_by IS NOT NULL AND ${SPAWN_ORIGIN.toolCallId} IS NOT NULL`;

/** The statuses that end by themselves: few sessions of a store have them, and programs look for these again and again. */
export const UNDER_WAY: readonly SessionStatus[] = ['RUNNING', 'WAITING'];
export const IS_UNDER_WAY = `status IN ('${UNDER_WAY.join("', '")}')`;

/**
 * The SQL indexes that lists are read along. Archived sessions have indexes of their own, so that no list
 * steps over hidden rows. All exist from the start: few sessions are archived, and creating an index later
 * would scan all sessions.
 */
function listIndexes(which: string, condition: string): string {
  const columns = ['root_id', '', 'user_id', 'project'];
  const times = ['created_at', 'last_active_at'];
  const indexes = columns.flatMap((column) =>
    times.map((time) => {
      const name = `${which}_by_${column && `${column}_and_`}${time}`;
      const some = column === 'user_id' || column === 'project' ? ` AND ${column} IS NOT NULL` : '';
      return `CREATE INDEX ${name} ON sessions (${column && `${column}, `}${time}) WHERE ${condition}${some};`;
    }),
  );
  const ofRoots = [...times, 'tree_last_active_at'].map(
    (time) =>
      `CREATE INDEX ${which}_roots_by_${time} ON sessions (${time}) WHERE ${condition} AND depth = 0;`,
  );
  const ofRootsOfUsers = `CREATE INDEX ${which}_roots_by_user_id_and_tree_last_active_at
  ON sessions (user_id, tree_last_active_at) WHERE ${condition} AND user_id IS NOT NULL AND depth = 0;`;
  return [...indexes, ...ofRoots, ofRootsOfUsers].join('\n');
}

/**
 * The index: all that queries need without reading the files. Nearly all of it can be read from the files again; FORMAT.md, "Guarantees", names what cannot.
 *
 * The `seq` of a message is that of the mutation that appended it, also if the message has got another form since.
 * `replaced_messages` says which messages got another form, and with which mutation they last did.
 * It has those that were redacted, too, and `redacted_messages` says when: not every line has room for that.
 * `dropped_messages` holds messages that a truncation dropped: a late retry of the truncation returns them.
 * `taken_over` is 1 for those whose usage a message that came back under the same key has taken over.
 * `message_keys` keeps the row of a dropped message: a key is that of a message only while `messages` has the ordinal.
 * `usage` holds what the messages of a session cost, by day and model; `usage-table.ts` describes its columns.
 * `tool_results` holds the tool calls that the messages of histories answer: none of a message that was dropped.
 * `session_keys` holds the keys of sessions by owner, the user of the tree's root: empty for nobody, otherwise after a "=".
 * `guests` holds the sessions whose user is not the owner of their tree, with that owner.
 * `tree_changes` holds the changes of sessions that are recorded in the store's log instead of their files.
 * `moved` is 1 for a move, with the new parent and place, and the former parent. It is 0 for an (un)archival, with a time or none. An
 * operation is `logged` if it is recorded in the store's log instead of a session's file. If the `size` or
 * `mtime` of a session's file differs from the table's, another program changed the file.
 */
export const TABLES = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE sessions (
  ${COLUMN_DEFINITIONS}
);

CREATE TABLE messages (
  session INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  position INTEGER NOT NULL,
  role INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  length INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (session, ordinal)
) WITHOUT ROWID;

CREATE TABLE dropped_messages (
  session INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  position INTEGER NOT NULL,
  role INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  length INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  taken_over INTEGER NOT NULL,
  PRIMARY KEY (session, ordinal)
) WITHOUT ROWID;

CREATE TABLE replaced_messages (
  session INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (session, ordinal)
) WITHOUT ROWID;

CREATE TABLE redacted_messages (
  session INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (session, ordinal)
) WITHOUT ROWID;

CREATE TABLE message_keys (
  session INTEGER NOT NULL,
  key TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  PRIMARY KEY (session, key)
) WITHOUT ROWID;

CREATE TABLE usage (
  session INTEGER NOT NULL,
  day INTEGER NOT NULL,
  model TEXT NOT NULL,
  sums TEXT NOT NULL,
  PRIMARY KEY (session, day, model)
) WITHOUT ROWID;

CREATE TABLE tool_results (
  session INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  tool_call_id TEXT,
  PRIMARY KEY (session, ordinal)
) WITHOUT ROWID;

CREATE TABLE session_keys (
  key TEXT NOT NULL,
  owner TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (key, owner, seq)
) WITHOUT ROWID;
CREATE INDEX session_keys_seq ON session_keys (seq);

CREATE TABLE guests (seq INTEGER PRIMARY KEY, owner TEXT NOT NULL);

CREATE TABLE tree_changes (
  id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  place INTEGER NOT NULL,
  version INTEGER NOT NULL,
  moved INTEGER NOT NULL,
  parent_id TEXT,
  former_parent_id TEXT,
  arrival INTEGER,
  archived_at INTEGER,
  at INTEGER NOT NULL,
  PRIMARY KEY (id, seq)
) WITHOUT ROWID;

CREATE TABLE metadata_terms (
  term INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (term, seq)
) WITHOUT ROWID;

CREATE TABLE operations (
  id TEXT NOT NULL,
  caller TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  session_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  ordinal INTEGER,
  position INTEGER,
  answer TEXT,
  logged INTEGER NOT NULL,
  PRIMARY KEY (id, caller)
) WITHOUT ROWID;

CREATE TABLE tombstones (
  id TEXT PRIMARY KEY,
  deleted_seq INTEGER NOT NULL,
  place INTEGER NOT NULL,
  parent_id TEXT,
  arrival INTEGER NOT NULL,
  owner_id TEXT,
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
CREATE INDEX quarantine_session ON quarantine (session_id);

${listIndexes('archived', 'archived_at IS NOT NULL')}

CREATE TABLE totals (sessions INTEGER NOT NULL, archived INTEGER NOT NULL, messages INTEGER NOT NULL);
INSERT INTO totals VALUES (0, 0, 0);
`;

/** A relink finds children with this SQL index. */
export const TREE_INDEX = 'CREATE INDEX sessions_children ON sessions (parent_seq, arrival)';

/**
 * Created after a rebuild has filled and linked the tables: building a SQL index at once costs less than row
 * by row.
 */
export const INDEXES = `
CREATE INDEX sessions_parent_id ON sessions (parent_id);
${listIndexes('live', 'archived_at IS NULL')}
CREATE INDEX tool_results_by_call ON tool_results (session, tool_call_id, ordinal);
CREATE INDEX forks ON sessions (${FORK_ORIGIN}, created_at) WHERE forked_from IS NOT NULL;
CREATE INDEX spawned_by_call ON sessions (${Object.values(SPAWN_ORIGIN).join(', ')}) WHERE ${IS_SPAWNED_BY_CALL};
CREATE INDEX live_under_way ON sessions (seq) WHERE archived_at IS NULL AND ${IS_UNDER_WAY};
CREATE INDEX orphans ON sessions (seq) WHERE parent_seq IS NULL AND parent_id IS NOT NULL;
CREATE INDEX guests_owner ON guests (owner);
CREATE INDEX operations_session ON operations (session_id);
CREATE INDEX sessions_last_seq ON sessions (last_seq);
CREATE INDEX drops ON dropped_messages (session, seq, position);
CREATE INDEX replacements ON replaced_messages (session, seq);
CREATE INDEX tombstones_deletion ON tombstones (deleted_seq, place);
CREATE INDEX tree_changes_seq ON tree_changes (seq, place);

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

/** Increment if the same tables are filled with other values than before. */
const CONTENT_VERSION = 13;

/** Changes with every change of the tables. An index of another version is discarded and rebuilt. */
export const INDEX_VERSION = `${CONTENT_VERSION}-${crc32(TABLES + TREE_INDEX + INDEXES)}`;

/** Finds a session that was indexed before its parent. */
export const ANY_WITHOUT_PLACE =
  'SELECT 1 FROM sessions WHERE parent_seq IS NULL AND parent_id IS NOT NULL LIMIT 1';

/**
 * Computes the places of all sessions at once, from `parent_id` alone: after files were added or removed, or
 * indexed before their parents. Writes only rows that change. No mutation can make a cycle, but copied
 * files can. The members of a cycle, and their descendants, have no root above them: each becomes a root of
 * its own.
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

/** Sets the owners of all keys anew, after `PLACE`. Writes only rows that change. */
export const PLACE_KEYS = `
UPDATE session_keys SET owner = placed.owner FROM (
    SELECT k.seq AS seq, coalesce('=' || r.user_id, '') AS owner FROM session_keys k
      JOIN sessions s ON s.seq = k.seq JOIN sessions r ON r.id = s.root_id
  ) placed WHERE placed.seq = session_keys.seq AND placed.owner <> session_keys.owner;
`;

/** Finds all guests anew, after `PLACE`. */
export const PLACE_GUESTS = `
DELETE FROM guests;
INSERT INTO guests SELECT s.seq, coalesce('=' || r.user_id, '') FROM sessions s JOIN sessions r ON r.id = s.root_id
  WHERE r.user_id IS NOT s.user_id;
`;

/** Recounts each session's children, by `parent_seq`. */
export const COUNT_CHILDREN = `
UPDATE sessions SET child_count = 0 WHERE child_count <> 0
  AND NOT EXISTS (SELECT 1 FROM sessions c WHERE c.parent_seq = sessions.seq);
UPDATE sessions SET child_count = c.n FROM (
    SELECT parent_seq, count(*) AS n FROM sessions WHERE parent_seq IS NOT NULL GROUP BY parent_seq
  ) c WHERE c.parent_seq = sessions.seq AND sessions.child_count <> c.n;
`;

/** Counts all sessions and messages. */
export const COUNT_ALL = `
UPDATE totals SET (sessions, archived, messages) =
  (SELECT count(*), count(archived_at), coalesce(sum(message_count), 0) FROM sessions);
`;
