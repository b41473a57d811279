import { backUpDataDirectory } from '../../../../src/repository/files/tools/backup/backup.ts';

/* Makes a backup, and is killed at a given point of it. */

const [directory, destination, stage, done] = process.argv.slice(2);

await backUpDataDirectory({
  directory: directory!,
  destination: destination!,
  onProgress(at, count) {
    if (at === stage && count === Number(done)) process.kill(process.pid, 'SIGKILL');
  },
});
