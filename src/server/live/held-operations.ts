import type { DocumentNode } from 'graphql';

/** Bytes that a token of a parsed document takes, with its part of the plan by which the document is executed. */
const BYTES_PER_TOKEN = 600;
const MAX_BYTES = 128 * 1024 * 1024;

/**
 * What the operations of subscriptions take in memory, roughly. A document that others hold as well is counted once. Requests end; a
 * subscription keeps its document and its variables for as long as it lasts.
 */
export class HeldOperations {
  readonly #holders = new Map<DocumentNode, number>();
  #bytes = 0;

  /** False if there is no room for an operation whose variables have `variablesLength` characters as JSON. */
  take(document: DocumentNode, variablesLength: number): boolean {
    const holders = this.#holders.get(document) ?? 0;
    const bytes = 2 * variablesLength + (holders === 0 ? bytesOf(document) : 0);
    if (this.#bytes + bytes > MAX_BYTES) return false;
    this.#bytes += bytes;
    this.#holders.set(document, holders + 1);
    return true;
  }

  /** Gives back what `take` took. */
  give(document: DocumentNode, variablesLength: number): void {
    const holders = this.#holders.get(document) ?? 0;
    this.#bytes -= 2 * variablesLength;
    if (holders > 1) {
      this.#holders.set(document, holders - 1);
      return;
    }
    this.#holders.delete(document);
    this.#bytes -= bytesOf(document);
  }
}

/** A parsed document knows how many tokens it has. */
function bytesOf(document: DocumentNode & { readonly tokenCount?: number | undefined }): number {
  return BYTES_PER_TOKEN * (document.tokenCount ?? 0);
}
