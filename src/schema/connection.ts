import type { Page, PageRequest } from '../repository/repository.ts';
import type { Budget } from './budget.ts';
import { builder } from './builder.ts';
import { andThen, type MaybePromise } from './maybe-promise.ts';

export interface ConnectionSource<Node> {
  readonly budget: Budget;
  readonly request: PageRequest<unknown>;
  /** How many the page will hold, where that is known before it is read: too many are then not read at all. */
  readonly expected: number;
  load(): MaybePromise<Page<Node>>;
  /** Charges for nodes that appear in the answer. */
  appear(nodes: readonly Node[]): void;
  count(): MaybePromise<number>;
  cursorOf(node: Node): string;
}

/** A page of a list. It is read when a field asks for what is in it, and once. */
export class Connection<Node> {
  readonly #source: ConnectionSource<Node>;
  #page: MaybePromise<Page<Node>> | undefined;
  #appeared = false;

  constructor(source: ConnectionSource<Node>) {
    this.#source = source;
  }

  /** For a field that shows them: `nodes` beside `edges` is twice as much answer, and is charged twice. */
  nodes(): MaybePromise<readonly Node[]> {
    return andThen(this.#read(), ({ items }) => {
      if (this.#appeared) this.#source.appear(items);
      this.#appeared = true;
      return items;
    });
  }

  edges(): MaybePromise<Edge<Node>[]> {
    return andThen(this.nodes(), (nodes) => nodes.map((node) => ({ connection: this, node })));
  }

  pageInfo(): MaybePromise<PageInfo> {
    return andThen(this.#read(), ({ items, hasMore }) => {
      const { from, after, before } = this.#source.request;
      const cursorOf = (node: Node | undefined) => (node === undefined ? null : this.cursorOf(node));
      return {
        hasNextPage: from === 'start' ? hasMore : before !== undefined,
        hasPreviousPage: from === 'end' ? hasMore : after !== undefined,
        startCursor: () => cursorOf(items[0]),
        endCursor: () => cursorOf(items.at(-1)),
      };
    });
  }

  totalCount(): MaybePromise<number> {
    return this.#source.count();
  }

  cursorOf(node: Node): string {
    return this.#source.cursorOf(node);
  }

  #read(): MaybePromise<Page<Node>> {
    this.#page ??= this.#load();
    return this.#page;
  }

  #load(): MaybePromise<Page<Node>> {
    const { budget, expected } = this.#source;
    budget.chargeObjects(expected);
    return andThen(this.#source.load(), (page) => {
      budget.chargeObjects(-expected);
      this.#source.appear(page.items);
      return page;
    });
  }
}

export interface Edge<Node> {
  readonly connection: Connection<Node>;
  readonly node: Node;
}

export interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  startCursor(): string | null;
  endCursor(): string | null;
}

export const PageInfoType = builder.objectRef<PageInfo>('PageInfo').implement({
  description: 'Where a page lies in its list.',
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', {
      description: 'Whether there are more after this page. Paging backwards: whether `before` was given.',
    }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      description: 'Whether there are more before this page. Paging forwards: whether `after` was given.',
    }),
    startCursor: t.string({
      description: 'The cursor of the first in this page; null when it is empty.',
      nullable: true,
      resolve: (info) => info.startCursor(),
    }),
    endCursor: t.string({
      description: 'The cursor of the last in this page, to go on with as `after`; null when it is empty.',
      nullable: true,
      resolve: (info) => info.endCursor(),
    }),
  }),
});
