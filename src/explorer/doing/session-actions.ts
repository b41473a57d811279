import { type Address, addressBar, formatAddress, sessionAddress } from '../address.ts';
import { access } from '../api/access.ts';
import type { OpenTree } from '../tree/open-tree.ts';
import { setArchived } from './actions.ts';
import { copyText } from './clipboard.ts';
import { dialogs } from './dialogs.ts';
import { renaming } from './renaming.ts';
import { attempt } from './toasts.ts';

/** Something that can be done with a session. */
export interface SessionAction {
  readonly label: string;
  /** The key that does it, too. */
  readonly key?: string;
  readonly isDangerous?: boolean;
  /** Whether it changes nothing. */
  readonly isReading?: boolean;
  readonly act: () => void;
}

/** What can be done with a session of a tree, in the order of a menu. */
export function sessionActions(tree: OpenTree, sessionId: string): readonly SessionAction[] {
  const session = tree.rows.find(sessionId);
  if (!session) return [];
  const { archivedAt, forkedFrom, title } = session;
  const whole = () => import('./whole-session.ts');
  const origin = forkedFrom && {
    label: 'Compare with its origin',
    isReading: true,
    act: () => addressBar.go(comparison(forkedFrom.sessionId, sessionId)),
  };
  const actions: readonly SessionAction[] = [
    ...(archivedAt
      ? []
      : [{ label: 'New session beneath…', act: () => dialogs.show({ kind: 'spawn', tree, sessionId }) }]),
    {
      label: 'Fork…',
      key: 'F',
      act: () => dialogs.show({ kind: 'fork', tree, sessionId, message: null }),
    },
    ...(origin ? [origin] : []),
    { label: 'Rename', key: 'F2', act: () => renaming.start(sessionId, 'bar') },
    { label: 'Move…', key: 'm', act: () => dialogs.show({ kind: 'move', tree, sessionId }) },
    {
      label: archivedAt ? 'Unarchive' : 'Archive',
      key: 'a',
      act: () => void attempt(() => setArchived(tree, sessionId, !archivedAt)),
    },
    {
      label: 'Search within…',
      isReading: true,
      act: () => addressBar.go({ page: 'search', query: '', within: sessionId }),
    },
    {
      label: 'Copy link',
      isReading: true,
      act: () => void copyText(linkTo(sessionAddress(tree.id, sessionId)), 'Copied the link'),
    },
    {
      label: 'Copy as Markdown',
      isReading: true,
      act: () => void attempt(async () => (await whole()).copySession(sessionId, title)),
    },
    {
      label: 'Download as JSON lines',
      isReading: true,
      act: () => void attempt(async () => (await whole()).downloadSession(sessionId)),
    },
    {
      label: 'Delete…',
      key: 'Delete',
      isDangerous: true,
      act: () => dialogs.show({ kind: 'delete', tree, sessionId }),
    },
  ];
  return actions.filter(({ isReading }) => isReading || access.mayWrite);
}

/** The address of an address of the page, as it is shared. */
export function linkTo(to: Partial<Address>): string {
  return new URL(formatAddress({ ...addressBar.now, ...to }), location.href).href;
}

/** Two sessions side by side. */
export function comparison(a: string, b: string) {
  return { page: 'compare', compared: [a, b] } as const satisfies Partial<Address>;
}
