import { ClientError } from '../model/errors.ts';
import { DataDirectoryInUseError } from '../repository/files/disk/lock.ts';
import { UnreadableStoreError } from '../repository/files/store-log.ts';
import { ListenError } from '../server/http.ts';

/** Why a command failed: one line where its user can do something about it, the whole stack where it is a bug. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return isExpected(error) ? error.message : (error.stack ?? error.message);
}

function isExpected(error: Error): boolean {
  return (
    error instanceof ListenError ||
    error instanceof DataDirectoryInUseError ||
    error instanceof UnreadableStoreError ||
    error instanceof ClientError ||
    // What the system refuses (no such directory, no permission) names the call and the path.
    'syscall' in error
  );
}
