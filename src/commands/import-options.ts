import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { FORMATS } from '../import/formats.ts';
import type { Limits } from '../model/limits.ts';
import { parseUrl, tokenOption } from './call-server.ts';
import { spanIn } from './span.ts';

/** The format of the Python module: another importer, which reads a directory of `.json` files. */
export const AGENT_SESSION = 'agent-session';

/** What `sessiontree export` writes: sessions that come in as exact copies, by an importer of their own. */
export const SESSIONTREE = 'sessiontree';

export const FORMAT_CHOICES: readonly string[] = [
  ...FORMATS.map(({ name }) => name),
  SESSIONTREE,
  AGENT_SESSION,
];

/** The flags of `sessiontree import`. */
export interface ImportFlags {
  readonly limit: Limits;
  readonly url?: string;
  readonly token?: string;
  readonly watch?: boolean;
  readonly all?: boolean;
  readonly since?: Date;
  readonly project?: string;
  readonly prices?: string;
  readonly payload: 'full' | 'none';
  readonly dryRun?: boolean;
  readonly user?: string;
}

/** The names of the flags that only the formats of other programs take. */
export const OTHER_PROGRAMS_FLAGS = [
  'url',
  'token',
  'watch',
  'all',
  'since',
  'project',
  'prices',
  'payload',
  'user',
] as const;

export function importOptions(): Option[] {
  return [
    new Option(
      '--url <url>',
      'import into the running server with this endpoint, in place of a store',
    ).argParser(parseUrl),
    tokenOption(),
    new Option('--watch', 'with --url: go on, and import what the programs write'),
    new Option('--all', 'import from the default place of every program that has one'),
    new Option(
      '--since <time>',
      'only sessions that were active since a day, a time, or for example 30d',
    ).argParser(parseSince),
    new Option(
      '--project <directory>',
      'only sessions of a project: its directory, or the last part of its name',
    ).argParser(parseProject),
    new Option('--prices <file>', 'a table of prices, for messages whose source tells tokens but no cost'),
    new Option('--payload <what>', 'whether to keep what has no field of its own')
      .choices(['full', 'none'])
      .default('full'),
    new Option('--user <id>', 'the user of the imported trees'),
    new Option('--dry-run', 'only tell what would come in, and what has no place'),
  ];
}

/** A directory that is named from where the command runs, or what the sources call a project. */
function parseProject(text: string): string {
  return /^\.{1,2}([\\/]|$)/.test(text) ? resolve(text) : text;
}

/** A day, a time, or how long ago: `2026-03-01`, `2026-03-01T10:00:00Z`, `12h`, `30d`, `4w`. */
function parseSince(text: string): Date {
  const span = spanIn(text);
  const time = span === null ? Date.parse(text) : Date.now() - span;
  if (Number.isNaN(time) || (span === null && !/^\d{4}-\d{2}-\d{2}/.test(text)))
    throw new InvalidArgumentError(
      'Expected a day (2026-03-01), a time (2026-03-01T10:00:00Z), or a span (12h, 30d, 4w).',
    );
  return new Date(time);
}
