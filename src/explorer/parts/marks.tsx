import { NO_TREE } from '../address.ts';
import type { SessionStatus } from '../generated/operations.ts';
import { Icon } from './icon.tsx';
import { Link } from './link.tsx';

const WORDS: Record<SessionStatus, string> = {
  CANCELLED: 'cancelled',
  COMPLETED: 'completed',
  FAILED: 'failed',
  IDLE: 'idle',
  RUNNING: 'running',
  WAITING: 'waits for you',
};

/** What a status is called in a sentence. */
export const statusWords = (status: SessionStatus): string => WORDS[status];

/** The shape of a status. Beside it stands no text that says the same: so the mark itself says it to those who cannot see it. */
export function StatusMark({ status }: { status: SessionStatus }) {
  return (
    <i class={`status ${status.toLowerCase()}`} role="img" aria-label={WORDS[status]} title={WORDS[status]} />
  );
}

export function Brand() {
  return (
    <Link class="brand" to={NO_TREE} aria-label="Sessiontree: all trees">
      <Icon size={18} stroke={1.8}>
        <circle cx="4" cy="4" r="2.2" />
        <circle cx="14" cy="9" r="2.2" />
        <circle cx="14" cy="15" r="2.2" />
        <path d="M4 6.2v6.3A2.5 2.5 0 0 0 6.5 15h5.3M4 9h7.8" />
      </Icon>
      <span>Sessiontree</span>
    </Link>
  );
}

export function SearchMark() {
  return (
    <Icon>
      <circle cx="6" cy="6" r="4.2" />
      <path d="m9.2 9.2 3.3 3.3" />
    </Icon>
  );
}

export function UsageMark() {
  return (
    <Icon stroke={1.8}>
      <path d="M2.5 12V8M7 12V2M11.5 12V5.5" />
    </Icon>
  );
}

export function SignOutMark() {
  return (
    <Icon>
      <path d="M5.5 2.5h-3v9h3M9 4.5 11.5 7 9 9.5M11.5 7h-6" />
    </Icon>
  );
}
