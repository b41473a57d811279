import { openFileRepository } from '../../src/repository/files/open.ts';

/** Opens the data directory it is given, says so, and closes it when its parent lets go. */
const repository = await openFileRepository({ directory: process.argv[2]! });
process.once('disconnect', () => repository.close());
process.send!('open');
