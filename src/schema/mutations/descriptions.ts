/** What the inputs of several mutations have in common. */
export const ID =
  'The id it is to have: 1 to 128 letters, digits, ".", "_" or "-", the first a letter or digit. Left out: a new UUIDv7.';

export const EXPECTED_VERSION =
  'Do it only where the session is at this version, else answer with a ConflictError. Left out: at any version.';

export const OPERATION_ID =
  'Makes a retry safe: the same id with the same input is answered as the first time and changes nothing more; with other ' +
  'input it is a ConflictError. It is checked before `expectedVersion`. A refusal is not recorded.';
