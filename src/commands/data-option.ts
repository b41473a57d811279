import { InvalidArgumentError, Option } from 'commander';

/** `--data`: the same for every command. */
export function dataOption(): Option {
  return new Option('--data <directory>', 'the data directory')
    .env('SESSIONTREE_DATA')
    .default('./data')
    .argParser(parseDirectory);
}

/** Empty is what a variable of the shell comes to that was not set: it must not stand for the current directory. */
function parseDirectory(directory: string): string {
  if (directory === '') throw new InvalidArgumentError('Expected the name of a directory.');
  return directory;
}
