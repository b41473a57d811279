/** The user and group "nobody" of Linux. */
const NOBODY = { uid: 65_534, gid: 65_534 } as const;

/**
 * For `spawn`, and for `chown`, where the tests run as root: PostgreSQL and pgbouncer refuse to run so, and no file is unreadable to root.
 */
export const ACCOUNT: { readonly uid: number; readonly gid: number } | undefined =
  process.getuid?.() === 0 ? NOBODY : undefined;
