/** A failure that the user can act on. Its message says all: it is printed without a stack. */
export class CommandError extends Error {}
