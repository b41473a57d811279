/** What an instance does with what others say about a topic. Neither function may throw. */
export interface BroadcastListener {
  /** Another instance has sent this. */
  heard(message: string): void;
  /** Others are heard from now on, or again: what they said before may have been missed. */
  hearing(): void;
}

/**
 * Passes messages between the instances of a program that have the same store open, within milliseconds. Those of one instance come in their
 * order; after a lost connection, some are missing. For what is not worth storing.
 */
export interface Broadcast {
  /** Sends to all other instances. `message` is JSON. */
  send(topic: string, message: string): void;
  /** Returns a function that ends this. */
  listen(topic: string, listener: BroadcastListener): () => void;
}
