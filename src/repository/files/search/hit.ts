/** A message that a search found: its session by sequence number, and its ordinal there. */
export interface Hit {
  readonly session: number;
  readonly ordinal: number;
}
