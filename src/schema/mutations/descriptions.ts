/** Descriptions that several inputs share. */
export const ID =
  'The id of the new session: 1 to 128 letters, digits, ".", "_" or "-", the first a letter or digit. Default: a new UUIDv7.';

export const KEY =
  "The client's own name for the session: unique among the sessions of one owner, the user of the root of the tree. Any text that can be " +
  "stored (well-formed, without NUL), at least one character. Size: at most the server's limit `keyBytes`.";

export const USER_ID = "Length: at most the server's limit `nameLength`.";

export const TITLE = "The title. Length: at most the server's limit `titleLength`.";

export const AGENT_NAME =
  "Which agent, or kind of agent, the session runs. Length: at most the server's limit `nameLength`.";

export const PROJECT =
  "What the session belongs to, for example a repository. Length: at most the server's limit `projectLength`.";

export const STATUS_MESSAGE =
  "Details of the status. Length: at most the server's limit `statusMessageLength`.";

export const METADATA =
  "Data of the client. Size and nesting: at most the server's limits `metadataBytes` and `metadataDepth`.";

export const METADATA_PATCH =
  'A JSON merge patch (RFC 7396): null removes a key, and keys that are left out do not change. Size and nesting of both the patch and ' +
  "the result: at most the server's limits `metadataBytes` and `metadataDepth`.";

export const SET_METADATA =
  'Whole values of outermost keys: each replaces the value of its key and is not merged into it, and a null is a value. Keys that are ' +
  'left out do not change. It cannot name a key that `metadata` names. Size and nesting: as of `metadata`.';

export const EXPECTED_VERSION =
  'The mutation is done only if the session is at this version; otherwise the answer is a ConflictError. Default: any version.';

export const SESSION_AFTER = 'The session after the mutation; in the answer to a retry, as it is now.';

export const OPERATION_ID =
  'Makes retries safe. The same id with the same input gets the first answer again and changes nothing more. The same id with ' +
  'other input is a ConflictError. The id is checked before `expectedVersion`. A refused mutation does not use up its id.';

export const EDGE = 'The session, with its cursor among the `children` of its parent; null for a root.';
