import { InvalidArgumentError, Option } from 'commander';

/** `--data`, shared by all commands. */
export function dataOption(description = 'the data directory'): Option {
  return new Option('--data <directory>', description)
    .env('SESSIONTREE_DATA')
    .default('./data')
    .argParser(parseDirectory);
}

/** Parses an argument. `"$DIRECTORY"` is empty if the variable is not set. An empty path must not mean the current directory. */
export function parseDirectory(directory: string): string {
  if (directory === '') throw new InvalidArgumentError('Expected the name of a directory.');
  return directory;
}
