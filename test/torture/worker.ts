import { openFileRepository } from '../../src/repository/files/open.ts';
import type { Logger } from '../../src/repository/observer.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';

/** One call of a method of the repository. */
export interface Call {
  readonly number: number;
  readonly method: keyof SessionRepository;
  readonly args: unknown[];
}

/** Why a call was refused. */
export interface Refusal {
  readonly name: string;
  readonly message: string;
  readonly isRetryable?: boolean;
}

export type Told =
  | { readonly opened: true }
  | { readonly notOpened: Refusal }
  | { readonly number: number; readonly value: unknown }
  | { readonly number: number; readonly refusal: Refusal }
  | { readonly level: keyof Logger; readonly message: string };

/** The store in a child process that can be killed. It runs the calls that its parent sends over the channel. */
const tell = (told: Told, done = () => {}) => process.send!(told, done);
const refusalOf = ({ name, message, isRetryable }: Refusal): Refusal => ({
  name,
  message,
  isRetryable: isRetryable!,
});
const saying = (level: keyof Logger) => (fields: { err?: Error }, message: string) =>
  tell({ level, message: fields.err ? `${message} (${fields.err.message})` : message });
const logger = { debug() {}, info() {}, warn: saying('warn'), error: saying('error') };

process.on('disconnect', () => process.exit());
try {
  const repository = await openFileRepository({ directory: process.argv[2]!, logger });
  process.on('message', async ({ number, method, args }: Call) => {
    try {
      const call = repository[method] as (...args: unknown[]) => Promise<unknown>;
      const value = await call.apply(repository, args);
      tell({ number, value }, method === 'close' ? () => process.exit() : undefined);
    } catch (error) {
      tell({ number, refusal: refusalOf(error as Error) });
    }
  });
  tell({ opened: true });
} catch (error) {
  tell({ notOpened: refusalOf(error as Error) });
}
