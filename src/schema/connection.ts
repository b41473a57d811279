import type { Page, PageRequest } from '../repository/reads.ts';
import type { Budget } from './budget.ts';
import { builder } from './builder.ts';
import { andThen, type MaybePromise } from './maybe-promise.ts';
import type { Turns } from './turns.ts';

export interface ConnectionSource<Node, Read extends Page<Node> = Page<Node>> {
  readonly budget: Budget;
  readonly turns: Turns;
  readonly request: PageRequest<unknown>;
  /** The number of nodes on the page, if known before the page is read; else 0. A page that exceeds the budget is then not read. */
  readonly expected: number;
  /** True if the list goes on at the other side of the page. Undefined: if the request has the key of that side. */
  goesOnBeyond?(nodes: readonly Node[]): boolean | undefined;
  load(): MaybePromise<Read>;
  /** Called with the page once it is read. Resolves when it is the turn of the page to be put into the answer. Default: at once. */
  admit?(page: Read): MaybePromise<void>;
  /** Charges the budget for nodes that appear in the answer. */
  appear(nodes: readonly Node[]): void;
  count(): MaybePromise<number>;
  cursorOf(node: Node): string;
}

/** A page of a list. The page is read once, when the first field needs its content. */
export class Connection<Node, Read extends Page<Node> = Page<Node>> {
  readonly #source: ConnectionSource<Node, Read>;
  #page: MaybePromise<Page<Node>> | undefined;
  #appeared = false;

  constructor(source: ConnectionSource<Node, Read>) {
    this.#source = source;
  }

  /** The nodes, for one field that shows them. Selecting both `nodes` and `edges` doubles the answer, and is charged twice. */
  nodes(): MaybePromise<readonly MaybePromise<Node>[]> {
    return andThen(this.#read(), (page) => this.#source.turns.paced(this.#shown(page)));
  }

  edges(): MaybePromise<readonly MaybePromise<Edge<Node>>[]> {
    return andThen(this.#read(), (page) =>
      this.#source.turns.paced(this.#shown(page).map((node) => new Edge(this.#source, node))),
    );
  }

  #shown({ items }: Page<Node>): readonly Node[] {
    if (this.#appeared) this.#source.appear(items);
    this.#appeared = true;
    return items;
  }

  pageInfo(): MaybePromise<PageInfo> {
    return andThen(this.#read(), ({ items, hasMore }) => {
      const { from, after, before } = this.#source.request;
      const hasKey = (from === 'start' ? after : before) !== undefined;
      const goesOnBeyond = this.#source.goesOnBeyond?.(items) ?? hasKey;
      const cursorOf = (node: Node | undefined) => (node === undefined ? null : this.#source.cursorOf(node));
      return {
        hasNextPage: from === 'start' ? hasMore : goesOnBeyond,
        hasPreviousPage: from === 'end' ? hasMore : goesOnBeyond,
        startCursor: () => cursorOf(items[0]),
        endCursor: () => cursorOf(items.at(-1)),
      };
    });
  }

  totalCount(): MaybePromise<number> {
    return this.#source.count();
  }

  #read(): MaybePromise<Page<Node>> {
    this.#page ??= this.#load();
    return this.#page;
  }

  #load(): MaybePromise<Page<Node>> {
    const source = this.#source;
    const { budget, expected } = source;
    budget.chargeObjects(expected);
    const taken = (page: Page<Node>) => {
      budget.chargeObjects(-expected);
      source.appear(page.items);
      return page;
    };
    return andThen(source.load(), (page) => {
      const turn = source.admit?.(page);
      return turn ? turn.then(() => taken(page)) : taken(page);
    });
  }
}

/** A node, and its place in the list of `source`. */
export class Edge<Node> {
  readonly node: Node;
  readonly #source: Pick<ConnectionSource<Node>, 'cursorOf'>;
  #cursor: string | undefined;

  constructor(source: Pick<ConnectionSource<Node>, 'cursorOf'>, node: Node) {
    this.#source = source;
    this.node = node;
  }

  /** Made once, under however many names it is shown: it has a checksum. */
  get cursor(): string {
    this.#cursor ??= this.#source.cursorOf(this.node);
    return this.#cursor;
  }
}

export interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  startCursor(): string | null;
  endCursor(): string | null;
}

export const PageInfoType = builder.objectRef<PageInfo>('PageInfo').implement({
  description: 'The position of a page in its list.',
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', {
      description:
        'Without `last`: true if the list has entries after this page. With `last`: true if `before` was given, or if `fromPosition` or ' +
        '`fromMessageId` was, and the history goes on after this page, with messages of whatever role and time.',
    }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      description:
        'With `last`: true if the list has entries before this page. Without `last`: true if `after` was given, or if `fromPosition` or ' +
        '`fromMessageId` was, and the history has messages before that place, of whatever role and time.',
    }),
    startCursor: t.string({
      description: 'The cursor of the first edge of this page; null if the page is empty.',
      nullable: true,
      resolve: (info) => info.startCursor(),
    }),
    endCursor: t.string({
      description:
        'The cursor of the last edge of this page: pass it as `after` to get the next page. Null if the page is empty.',
      nullable: true,
      resolve: (info) => info.endCursor(),
    }),
  }),
});
