/** Runs what has the same name one after the other, in the order of the calls. */
export class Queues {
  readonly #last = new Map<string, Promise<unknown>>();

  run<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const result = (this.#last.get(name) ?? Promise.resolve()).then(work);
    // A failure is told to whoever called, not to the next in the queue.
    const end = result.then(ignore, ignore).then(() => {
      if (this.#last.get(name) === end) this.#last.delete(name);
    });
    this.#last.set(name, end);
    return result;
  }
}

function ignore(): void {}
