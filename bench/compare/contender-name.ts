/** The names of all contenders, in the order of the table's columns. */
export const CONTENDERS = [
  'sessiontree',
  'floor',
  'stock-yoga',
  'mercurius',
  'opencode',
  'langgraph',
] as const;
export type ContenderName = (typeof CONTENDERS)[number];

export const LABELS: { readonly [name in ContenderName]: string } = {
  sessiontree: 'Sessiontree',
  floor: 'floor',
  'stock-yoga': 'stock Yoga',
  mercurius: 'Mercurius with JIT',
  opencode: 'opencode',
  langgraph: 'LangGraph',
};

/** The contenders that are servers of other projects, or built from them. Goals refer to the best of these. */
export const PEERS = ['stock-yoga', 'mercurius', 'opencode', 'langgraph'] as const satisfies ContenderName[];
