/** Milliseconds for which changes, and parts of drafts, are gathered at least before they are sent. */
export const GATHER_MS = 25;

/** Milliseconds after which an event is made again for which there was no room. */
export const RETRY_MS = 1_000;
