/** The user and group "nobody" of Linux. */
const NOBODY = { uid: 65_534, gid: 65_534 } as const;

/** For `spawn`, and for `chown`: PostgreSQL and pgbouncer refuse to run as root, who may read every file as well, and who runs programs as nobody. */
export const ACCOUNT: { readonly uid: number; readonly gid: number } | undefined =
  process.getuid?.() === 0 ? NOBODY : undefined;
