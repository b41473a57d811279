import { type ClientOptions, Sessiontree } from '@sessiontree/client';

/** A client that counts the requests that it sends. */
export class CountedClient extends Sessiontree {
  /** The fields that were asked for, in order: the first one of each request. */
  readonly requests: string[] = [];

  constructor(url: string, options: ClientOptions = {}) {
    const send = options.fetch ?? fetch;
    super(url, {
      ...options,
      fetch: (input, init) => {
        const { query } = JSON.parse(String(init?.body)) as { query: string };
        this.requests.push(/\{\s*(?:\w+:\s*)?(\w+)/.exec(query)?.[1] ?? query);
        return send(input, init);
      },
    });
  }

  /** The requests since the last look. */
  takeRequests(): string[] {
    return this.requests.splice(0);
  }

  /** How many requests `call` takes. */
  async requestsOf(call: () => Promise<unknown>): Promise<number> {
    const before = this.requests.length;
    await call();
    return this.requests.length - before;
  }
}
