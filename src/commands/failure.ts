import { PricesError } from '../import/prices.ts';
import { ClientError } from '../model/errors.ts';
import { printable } from '../printable.ts';
import { LoadRefusedError } from '../repository/dump.ts';
import { DataDirectoryError } from '../repository/files/disk/data-directory.ts';
import { DataDirectoryInUseError } from '../repository/files/disk/lock.ts';
import { UnreadableStoreError } from '../repository/files/scan/store-id.ts';
import { BackupError } from '../repository/files/tools/backup/backup-error.ts';
import { DatabaseUnusableError } from '../repository/postgres/connection/database-start.ts';
import { TablesVersionError } from '../repository/postgres/migrations/migrate.ts';
import { StorePlaceError } from '../repository/store-place.ts';
import { AuditFileError } from '../server/audit/audit-file.ts';
import { AuthFileError } from '../server/auth/auth-file-error.ts';
import { KeysUnavailableError } from '../server/auth/keys-unavailable-error.ts';
import { ListenError } from '../server/listen.ts';
import { CommandError } from './command-error.ts';

/** Why a command failed: one line for an error that the user can act on, the stack for a bug. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return isExpected(error) ? printable(error.message) : (error.stack ?? error.message);
}

function isExpected(error: Error): boolean {
  return (
    error instanceof CommandError ||
    error instanceof ListenError ||
    error instanceof AuditFileError ||
    error instanceof DataDirectoryError ||
    error instanceof DataDirectoryInUseError ||
    error instanceof UnreadableStoreError ||
    error instanceof BackupError ||
    error instanceof StorePlaceError ||
    error instanceof DatabaseUnusableError ||
    error instanceof TablesVersionError ||
    error instanceof LoadRefusedError ||
    error instanceof AuthFileError ||
    error instanceof KeysUnavailableError ||
    error instanceof ClientError ||
    error instanceof PricesError ||
    // An error of the operating system (no such directory, no permission): its message has the call and the path.
    'syscall' in error ||
    // An error of SQLite, such as a full or unreadable disk.
    'errcode' in error
  );
}
