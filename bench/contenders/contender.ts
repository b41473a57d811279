import { once } from 'node:events';
import { start } from '../process/start.ts';

/** A server that is compared, started and answering. */
export interface RunningContender {
  /** Its origin: `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly pid: number;
  /** Tells the process something, and resolves once it has heard it; only of those that listen. */
  tell?(message: object): Promise<void>;
  stop(): Promise<void>;
}

/** A start may take so many milliseconds. */
export const START_TIMEOUT = 30_000;

/** What the scripts of this folder tell their parent once they listen. */
export interface Listening {
  readonly url: string;
}

/** Starts a script of this folder on a data directory of its own. It ends when its parent does. */
export async function startScript(
  script: 'floor.ts' | 'stock-yoga.ts' | 'mercurius.ts',
  directory: string,
): Promise<RunningContender> {
  const { child, message, stop } = await start<Listening>(`contenders/${script}`, directory, {
    timeout: START_TIMEOUT,
  });
  const tell = async (told: object) => {
    const heard = once(child, 'message');
    child.send(told);
    await heard;
  };
  return { url: message.url, pid: child.pid!, tell, stop };
}
