import type { Part } from '../part.ts';
import { cutCommits } from './cut-commits.ts';
import { exhausted } from './exhausted.ts';
import { fullDisk } from './full-disk.ts';
import { fullLog } from './full-log.ts';
import { instanceKilled, serverKilled } from './kills.ts';
import { live } from './live.ts';
import { liveServed } from './live-served.ts';
import { patroni } from './patroni.ts';
import { pgbouncer } from './pgbouncer.ts';
import { promotion } from './promotion.ts';
import { seenElsewhere } from './seen-elsewhere.ts';
import { twoInstances } from './two-instances.ts';

/** All parts of the suite for stores in PostgreSQL, with the names that `--only` accepts. */
export const PARTS: Readonly<Record<string, Part>> = {
  'server-killed': serverKilled('shared trees'),
  'server-killed-trees': serverKilled('own trees'),
  'instance-killed': instanceKilled('shared trees'),
  'instance-killed-trees': instanceKilled('own trees'),
  'cut-commits': cutCommits('shared trees'),
  'cut-commits-trees': cutCommits('own trees'),
  promotion: promotion('shared trees'),
  'promotion-trees': promotion('own trees'),
  patroni: patroni('shared trees'),
  'patroni-trees': patroni('own trees'),
  'full-disk': fullDisk('shared trees'),
  'full-disk-trees': fullDisk('own trees'),
  'full-log': fullLog('shared trees'),
  'full-log-trees': fullLog('own trees'),
  exhausted,
  'two-instances': twoInstances,
  live,
  'live-served': liveServed,
  'seen-elsewhere': seenElsewhere,
  pgbouncer: pgbouncer('shared trees'),
  'pgbouncer-trees': pgbouncer('own trees'),
};
