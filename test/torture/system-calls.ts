/** One system call of a traced process. */
export interface SystemCall {
  readonly name: string;
  /** The path of the file; null if the trace has none. */
  readonly path: string | null;
  /** True if strace injected a failure. */
  readonly injected: boolean;
}

/** Parses the output of `strace -f -y -o`, in the order in which the calls ended. */
export function readTrace(trace: string): SystemCall[] {
  const calls: SystemCall[] = [];
  const unfinished = new Map<string, string>();
  for (const line of trace.split('\n')) {
    const [, pid, text] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (pid === undefined || text === undefined) continue;
    if (text.endsWith('<unfinished ...>')) {
      unfinished.set(pid, text.slice(0, -'<unfinished ...>'.length));
      continue;
    }
    const whole = text.replace(/^<\.\.\. \w+ resumed>/, () => unfinished.get(pid) ?? '');
    const name = /^(\w+)\(/.exec(whole)?.[1];
    if (name) calls.push({ name, path: pathOf(name, whole), injected: whole.endsWith('(INJECTED)') });
  }
  return calls;
}

function pathOf(name: string, text: string): string | null {
  // `openat(AT_FDCWD</cwd>, "path", …)`, `rename("from", "to")`, and `write(23</path>, …)`.
  const match =
    name === 'openat' || name === 'rename' || name === 'unlink'
      ? /"([^"]*)"/.exec(text)
      : /^\w+\(\d+<([^>]*)>/.exec(text);
  return match?.[1] ?? null;
}

/**
 * The first write to a file after its sync failed, without the file being reopened and read in between: the
 * kernel may have dropped unwritten data, and does not report that twice. Null if there is none.
 */
export function writeAfterFailedSync(calls: readonly SystemCall[]): string | null {
  const failed = new Map<string, 'failed' | 'opened'>();
  for (const { name, path, injected } of calls) {
    if (path === null) continue;
    const state = failed.get(path);
    if (/^f(data)?sync$/.test(name) && injected) failed.set(path, 'failed');
    // SQLite removes a rollback journal that it could not sync: the next one is another file of the same name.
    else if (name === 'unlink') failed.delete(path);
    else if (name === 'openat' && state === 'failed') failed.set(path, 'opened');
    else if (/^p?read/.test(name) && state === 'opened') failed.delete(path);
    else if (/^p?write/.test(name) && state !== undefined) return path;
  }
  return null;
}
