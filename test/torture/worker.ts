import { openFileRepository } from '../../src/repository/files/open.ts';
import type { Logger } from '../../src/repository/observer.ts';
import { isDatabase } from '../../src/repository/store-place.ts';
import { type Call, type Refusal, SERVES, type Told } from './worker-messages.ts';

/** The store in a child process that can be killed, and its server, if it is served. It runs the calls that its parent sends over the channel. */
const tell = (told: Told, done = () => {}) => process.send!(told, done);
const refusalOf = ({ name, message, isRetryable, isOutcomeUnknown }: Refusal): Refusal => ({
  name,
  message,
  ...(isRetryable !== undefined && { isRetryable }),
  ...(isOutcomeUnknown !== undefined && { isOutcomeUnknown }),
});
const saying = (level: keyof Logger) => (fields: { err?: Error }, message: string) =>
  tell({ level, message: fields.err ? `${message} (${fields.err.message})` : message });
const logger = { debug() {}, info() {}, warn: saying('warn'), error: saying('error') };

process.on('disconnect', () => process.exit());
try {
  const [, , place, options, serves] = process.argv;
  const openDatabase = async () =>
    (await import('../../src/repository/postgres/open.ts')).openPostgresRepository;
  const repository = isDatabase(place!)
    ? await (await openDatabase())({ ...JSON.parse(options!), url: place!, logger })
    : await openFileRepository({ directory: place!, logger });
  const served = serves === SERVES ? await (await import('./live/serve.ts')).serve(repository, logger) : null;
  process.on('message', async ({ number, method, args }: Call) => {
    try {
      if (method === 'close') await served?.stop();
      const call = repository[method] as (...args: unknown[]) => Promise<unknown>;
      const value = await call.apply(repository, args);
      tell({ number, value }, method === 'close' ? () => process.exit() : undefined);
    } catch (error) {
      tell({ number, refusal: refusalOf(error as Error) });
    }
  });
  tell({ opened: true, ports: served?.ports ?? null });
} catch (error) {
  tell({ notOpened: refusalOf(error as Error) });
}
