import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import { PGBOUNCER } from '../../support/postgres/pgbouncer.ts';
import { describeAppend } from '../contract/append.ts';
import { describeConcurrency } from '../contract/concurrency.ts';
import { describeCreate } from '../contract/create.ts';
import { describeDelete } from '../contract/delete.ts';
import { describePlacement } from '../contract/placement.ts';
import { useStore } from '../contract/store.ts';
import { describeTruncate } from '../contract/truncate.ts';
import { setUpPostgresStore } from './store.ts';

/** A part of what the contract says of writes. Statements that are not prepared are planned each time, which would take seconds in partitions. */
describe.skipIf(!existsSync(PGBOUNCER))('writes through a pgbouncer in transaction mode', () => {
  const store = useStore(setUpPostgresStore({ isPooled: true, partitions: 0 }));
  describeCreate(store);
  describeAppend(store);
  describePlacement(store);
  describeTruncate(store);
  describeDelete(store);
  describeConcurrency(store);
});
