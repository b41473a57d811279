export interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
}

export interface AnswerPage {
  readonly ids: readonly string[];
  readonly pageInfo: PageInfo;
}

export interface PageVariables {
  first?: number;
  after?: string | null;
  last?: number;
  before?: string | null;
}

/** All pages of a connection, from the start with `first`, or from the end with `last`. `between` runs between pages. */
export async function allPages(
  read: (page: PageVariables) => Promise<AnswerPage>,
  { size, from, between }: { size: number; from: 'start' | 'end'; between?: () => Promise<unknown> },
): Promise<AnswerPage[]> {
  const pages: AnswerPage[] = [];
  let page: PageVariables = from === 'start' ? { first: size } : { last: size };
  for (;;) {
    const answer = await read(page);
    pages.push(answer);
    const { hasNextPage, hasPreviousPage, startCursor, endCursor } = answer.pageInfo;
    if (from === 'start' ? !hasNextPage : !hasPreviousPage) return pages;
    page = from === 'start' ? { first: size, after: endCursor } : { last: size, before: startCursor };
    await between?.();
  }
}
