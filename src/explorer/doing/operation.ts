/**
 * The id of an operation: the same as long as the input is. What is tried again after an answer got lost is not done twice, and what was
 * changed since is another operation.
 */
export class Operation {
  #input: string | null = null;
  #id = '';

  idFor(input: object): string {
    const text = JSON.stringify(input);
    if (text !== this.#input) {
      this.#input = text;
      // `crypto.randomUUID` is missing on pages without TLS.
      const bytes = crypto.getRandomValues(new Uint8Array(16));
      this.#id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    }
    return this.#id;
  }

  /** It was done: the same input again is another operation. */
  done(): void {
    this.#input = null;
  }
}
