import { describeRepositoryContract } from '../contract.ts';
import { setUpFileStore } from './set-up-store.ts';

describeRepositoryContract('the file repository', setUpFileStore);
