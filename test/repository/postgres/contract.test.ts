import { describeRepositoryContract } from '../contract.ts';
import { setUpPostgresStore } from './store.ts';

describeRepositoryContract(
  'the repository in PostgreSQL',
  setUpPostgresStore({ isAlone: true }),
  setUpPostgresStore({ isAlone: true }),
);
