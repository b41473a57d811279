/** Those that are compared, in the order of the table's columns. */
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

/** Those that are servers of other projects, or made of them: the best of them is what to measure up to. */
export const PEERS = ['stock-yoga', 'mercurius', 'opencode', 'langgraph'] as const satisfies ContenderName[];
