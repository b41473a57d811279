/** One system call of a traced process. */
export interface SystemCall {
  readonly name: string;
  /** The file it was about; null where the trace names none. */
  readonly path: string | null;
  /** strace made it fail. */
  readonly injected: boolean;
}

/** Reads what `strace -f -y -o` wrote, in the order in which the calls ended. */
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
    name === 'openat' || name === 'rename' ? /"([^"]*)"/.exec(text) : /^\w+\(\d+<([^>]*)>/.exec(text);
  return match?.[1] ?? null;
}

/**
 * Where a file was written to after its sync had failed, though it had not been opened anew and read back since: the
 * kernel may have thrown away what it had not written, and says nothing of it a second time. Null where that never was.
 */
export function writeAfterFailedSync(calls: readonly SystemCall[]): string | null {
  const failed = new Map<string, 'failed' | 'opened'>();
  for (const { name, path, injected } of calls) {
    if (path === null) continue;
    const state = failed.get(path);
    if (/^f(data)?sync$/.test(name) && injected) failed.set(path, 'failed');
    else if (name === 'openat' && state === 'failed') failed.set(path, 'opened');
    else if (/^p?read/.test(name) && state === 'opened') failed.delete(path);
    else if (/^p?write/.test(name) && state !== undefined) return path;
  }
  return null;
}
