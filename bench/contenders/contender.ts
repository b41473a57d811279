import { once } from 'node:events';
import { start } from '../process/start.ts';

/** A running server that takes part in the comparison. */
export interface RunningContender {
  /** Its origin: `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly pid: number;
  /** Sends a message to the process. Resolves once it was received. Only for processes that accept messages. */
  tell?(message: object): Promise<void>;
  stop(): Promise<void>;
}

/** Milliseconds that a start may take. */
export const START_TIMEOUT = 30_000;

/** The message with which scripts of this folder report that they listen. */
export interface Listening {
  readonly url: string;
}

/** Starts a script of this folder with a data directory of its own. The script ends with its parent process. */
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
