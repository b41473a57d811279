import { openFileRepository } from '../../src/repository/files/open.ts';

/** Opens a data directory, tells the parent process, and closes it when the parent disconnects. */
const repository = await openFileRepository({ directory: process.argv[2]! });
process.once('disconnect', () => repository.close());
process.send!('open');
