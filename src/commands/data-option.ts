import { Option } from 'commander';

/** `--data`: the same for every command. */
export function dataOption(): Option {
  return new Option('--data <directory>', 'the data directory').env('SESSIONTREE_DATA').default('./data');
}
