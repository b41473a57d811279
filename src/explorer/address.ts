import { BASE_PATH } from './base-path.ts';
import { Observable } from './parts/observable.ts';

/** The path under which the server serves the page. */
const BASE = `${BASE_PATH}/explorer/`;

/** Which trees the list has. */
export interface TreesFilter {
  /** Words of the title. */
  readonly title: string | null;
  readonly status: string | null;
  readonly project: string | null;
  readonly user: string | null;
  readonly archived: boolean;
  readonly damaged: boolean;
}

export type Page = 'trees' | 'search' | 'usage' | 'compare';
export type TreeView = 'tree' | 'timeline';
export type SessionView = 'transcript' | 'details';

export const USAGE_DIMENSIONS = ['day', 'model', 'project', 'agent', 'user'] as const;
export type UsageDimensionName = (typeof USAGE_DIMENSIONS)[number];
/** Days back from today. */
export const USAGE_PERIODS = [7, 30, 90] as const;

/** All that the page shows, as far as it matters: what the address bar holds. */
export interface Address {
  readonly page: Page;
  /** The tree that is open: the id of its root, or of the session that it is shown from. */
  readonly rootId: string | null;
  /** The session of the tree that is open; null for the root of the tree, and on a phone for none. */
  readonly sessionId: string | null;
  /** The message at which the transcript is open. */
  readonly messageId: string | null;
  readonly treeView: TreeView;
  readonly sessionView: SessionView;
  readonly filter: TreesFilter;
  readonly query: string;
  /** The session within which is searched; null for the whole store. */
  readonly within: string | null;
  /** The two sessions that are compared. */
  readonly compared: readonly [string, string] | null;
  /** What the usage is divided by. */
  readonly usageBy: UsageDimensionName;
  /** How many days of usage; null for all there are. */
  readonly usageDays: number | null;
}

export const NO_FILTER: TreesFilter = {
  title: null,
  status: null,
  project: null,
  user: null,
  archived: false,
  damaged: false,
};

/** Never throws: what cannot be understood is left out. */
export function parseAddress({ pathname, search }: { pathname: string; search: string }): Address {
  const [kind = '', first = null, second = null] = pathname
    .slice(BASE.length)
    .split('/')
    .map((part) => decode(part))
    .map((part) => part || null);
  const params = new URLSearchParams(search);
  const isCompare = kind === 'compare' && first !== null && second !== null;
  return {
    page: isCompare ? 'compare' : kind === 'search' || kind === 'usage' ? kind : 'trees',
    rootId: kind === 't' ? first : null,
    sessionId: kind === 't' ? params.get('s') : null,
    messageId: params.get('m'),
    treeView: params.get('view') === 'timeline' ? 'timeline' : 'tree',
    sessionView: params.get('pane') === 'details' ? 'details' : 'transcript',
    filter: {
      title: params.get('title'),
      status: params.get('status'),
      project: params.get('project'),
      user: params.get('user'),
      archived: params.has('archived'),
      damaged: params.has('damaged'),
    },
    query: params.get('q') ?? '',
    within: params.get('within'),
    compared: isCompare ? [first, second] : null,
    usageBy: USAGE_DIMENSIONS.find((name) => name === params.get('by')) ?? USAGE_DIMENSIONS[0],
    usageDays: periodOf(params.get('days')),
  };
}

const PERIOD = 30;

function periodOf(days: string | null): number | null {
  return days === 'all' ? null : (USAGE_PERIODS.find((period) => String(period) === days) ?? PERIOD);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The path and query of an address. */
export function formatAddress(address: Address): string {
  const {
    page,
    rootId,
    sessionId,
    messageId,
    treeView,
    sessionView,
    filter,
    query,
    within,
    compared,
    usageBy,
    usageDays,
  } = address;
  const params = new URLSearchParams();
  const set = (name: string, value: string | null | false) => value && params.set(name, value);
  let path = BASE;
  if (page === 'compare' && compared) path += `compare/${compared.map(encodeURIComponent).join('/')}`;
  else if (page === 'search' || page === 'usage') path += page;
  else if (rootId !== null) path += `t/${encodeURIComponent(rootId)}`;
  if (page === 'trees' && rootId !== null) {
    set('s', sessionId);
    set('m', messageId);
    set('view', treeView === 'timeline' && treeView);
    set('pane', sessionView === 'details' && sessionView);
  }
  set('title', filter.title);
  set('status', filter.status);
  set('project', filter.project);
  set('user', filter.user);
  set('archived', filter.archived && '1');
  set('damaged', filter.damaged && '1');
  if (page === 'search') {
    set('q', query);
    set('within', within);
  }
  if (page === 'usage') {
    set('by', usageBy !== USAGE_DIMENSIONS[0] && usageBy);
    set('days', usageDays === null ? 'all' : usageDays !== PERIOD && String(usageDays));
  }
  const search = params.toString();
  return search ? `${path}?${search}` : path;
}

/** The address bar. */
class AddressBar extends Observable {
  #now = parseAddress(location);

  constructor() {
    super();
    addEventListener('popstate', () => {
      this.#now = parseAddress(location);
      this.changed();
    });
  }

  get now(): Address {
    return this.#now;
  }

  /** Shows another address. With `isReplaced`, "back" does not lead to the present one. */
  go(change: Partial<Address>, isReplaced = false): void {
    const url = formatAddress({ ...this.#now, ...change });
    if (url === location.pathname + location.search) return;
    if (isReplaced) history.replaceState(null, '', url);
    else history.pushState(null, '', url);
    // What another page does not show is not kept: a reload would not have it either.
    this.#now = parseAddress(new URL(url, location.href));
    this.changed();
  }
}

export const addressBar = new AddressBar();

/** The list of trees, with none open. */
export const NO_TREE = {
  page: 'trees',
  rootId: null,
  sessionId: null,
  messageId: null,
} as const;

/** The parts of an address that show one session of a tree. */
export function sessionAddress(rootId: string, sessionId: string | null, messageId: string | null = null) {
  return {
    page: 'trees',
    rootId,
    sessionId,
    messageId,
    // A message is shown in the transcript.
    ...(messageId !== null && { sessionView: 'transcript' }),
  } as const satisfies Partial<Address>;
}
