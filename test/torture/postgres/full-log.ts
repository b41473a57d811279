import pg from 'pg';
import { whyNoMounts } from '../commands.ts';
import { Fault, type Outcome, type Part, type PartOptions } from '../part.ts';
import { Random } from '../random.ts';
import { type Oracle, troubledRounds, withInstances } from './rounds.ts';
import { firstRefusal, type SmallPlace, withSmallFolder } from './small-folder.ts';

const FOLDER = 'pg_wal';
/** Six files of the log, of which PostgreSQL uses two or three. */
const SIZE = '96m';
const SETTINGS = { min_wal_size: '32MB', max_wal_size: '32MB' };
const ANSWERS = 80;
/** Milliseconds within which mutations must be refused: they wait for the server for 15 s. */
const PATIENCE_MS = 40_000;
/** A record of the log of a megabyte, which is of no use. */
const USE_UP = "SELECT pg_logical_emit_message(true, 'useless', repeat('.', 1000000))";
/** More than there is room for. */
const RECORDS = 200;

/**
 * The disk of the log runs full under load: PostgreSQL ends itself, as by kill -9, and cannot start again before there is room. Then the
 * operator makes room, and starts it.
 */
export const fullLog = (oracle: Oracle): Part => ({
  name: `a full disk of the log, ${oracle}`,
  rounds: (asked) => Math.ceil(asked / 10),
  whyNot: whyNoMounts,
  run: (options) => withSmallFolder(FOLDER, SIZE, SETTINGS, (place) => fullLogs(place, oracle, options)),
});

function fullLogs({ server, disk }: SmallPlace, oracle: Oracle, options: PartOptions): Promise<Outcome> {
  const random = new Random(options.seed);
  return withInstances({ url: server.url, random }, (instances) =>
    troubledRounds(
      {
        url: server.url,
        instances,
        random,
        answers: ANSWERS,
        storageErrors: 'told',
        async strike(refusals) {
          disk.fill();
          await useUp(server.url);
          await firstRefusal(refusals, PATIENCE_MS);
          disk.makeRoom();
          // In the middle of a recovery that fails, it waits for ever to end in order.
          await server.crash();
          await server.restart();
        },
      },
      oracle,
      options,
    ),
  );
}

/** Writes to the log until the server ends for want of room. */
async function useUp(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  try {
    await client.connect();
    for (let n = 0; n < RECORDS; n += 1) await client.query(USE_UP);
  } catch {
    return;
  } finally {
    await client.end().catch(() => {});
  }
  throw new Fault('the disk of the log is full, and PostgreSQL goes on');
}
