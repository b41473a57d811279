import { BlockList, isIP } from 'node:net';
import { InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { dataOption } from './commands/data-option.ts';
import { DEFAULT_LIMITS, type Limits } from './model/limits.ts';
import { DURABILITIES, type Durability } from './repository/files/options.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** What `sessiontree serve` was told, checked, and defaults for what it was not told. */
export interface Config {
  /** 0 picks a free one. */
  readonly port: number;
  readonly host: string;
  readonly dataDirectory: string;
  /** When a write is answered; see `FileRepositoryOptions`. */
  readonly durability: Durability;
  /** Origins (`https://app.example`) whose pages may call. */
  readonly allowedOrigins: readonly string[];
  /** Names beside the loopback ones that the server answers for, without a port. */
  readonly allowedHosts: readonly string[];
  readonly limits: Limits;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const version = isIP(host);
  return version !== 0 && loopback.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

const port = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .pipe(z.number().max(65_535));

const host = z.string().refine(isLoopback);

const hostName = z
  .string()
  .toLowerCase()
  .regex(/^([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])$/);

const origin = z
  .url({ protocol: /^https?$/ })
  .transform((url) => new URL(url))
  .refine(({ pathname, search, hash, username }) => pathname === '/' && !search && !hash && !username)
  .transform((url) => url.origin);

const LIMIT_NAMES = Object.keys(DEFAULT_LIMITS).join(', ');

const limit = z
  .string()
  .regex(/^[A-Za-z]+=[1-9]\d{0,15}$/)
  .transform((text) => text.split('=') as [string, string])
  .refine(([name]) => Object.hasOwn(DEFAULT_LIMITS, name))
  .transform(([name, value]) => ({ [name]: Number(value) }));

function list<Output>(rule: z.ZodType<Output, string>) {
  return z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(rule));
}

/** A parser for an option; commander's error message says what came, and from which flag or variable. */
function parser<Rule extends z.ZodType>(rule: Rule, expected: string) {
  return (value: string): z.output<Rule> => {
    const result = rule.safeParse(value);
    if (!result.success) throw new InvalidArgumentError(`Expected ${expected}.`);
    return result.data;
  };
}

/** For an option that may be given again: what each brings is added to what is there. */
function collector<Rule extends z.ZodType, All>(
  rule: Rule,
  expected: string,
  add: (all: All, more: z.output<Rule>) => All,
) {
  const parse = parser(rule, expected);
  return (value: string, all: All): All => add(all, parse(value));
}

const concatenated = (all: readonly string[], more: readonly string[]) => [...all, ...more];

function limitsText(limits: Limits): string {
  return Object.entries(limits)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

/** The flags of `sessiontree serve`, each with its variable: a flag beats the variable, which beats the default. */
export function serveOptions(): Option[] {
  return [
    new Option('--port <number>', 'port to listen on; 0 picks a free one')
      .env('SESSIONTREE_PORT')
      .default(4000)
      .argParser(parser(port, 'a whole number from 0 to 65535')),
    new Option('--host <address>', 'loopback address to listen on')
      .env('SESSIONTREE_HOST')
      .default('127.0.0.1')
      .argParser(
        parser(
          host,
          'a loopback address (127.0.0.1, ::1 or localhost): there is no authentication yet, ' +
            'and at any other address whoever reaches it could read and change everything',
        ),
      ),
    dataOption(),
    new Option(
      '--durability <when>',
      'when a write is answered: disk, once it is on the disk; os, once the system has it',
    )
      .env('SESSIONTREE_DURABILITY')
      .default('disk')
      .argParser(parser(z.enum(DURABILITIES), `one of ${DURABILITIES.join(', ')}`)),
    new Option('--allow-origin <url>', 'origin whose web pages may call; give it again for more')
      .env('SESSIONTREE_ALLOW_ORIGIN')
      .default([], 'none')
      .argParser(collector(list(origin), 'an origin such as https://app.example', concatenated)),
    new Option('--allow-host <name>', 'host name to answer for beside localhost; give it again for more')
      .env('SESSIONTREE_ALLOW_HOST')
      .default([], 'none')
      .argParser(collector(list(hostName), 'a host name without scheme and port', concatenated)),
    new Option('--limit <name=value>', 'limit to set; give it again for more')
      .env('SESSIONTREE_LIMITS')
      .default(DEFAULT_LIMITS, limitsText(DEFAULT_LIMITS))
      .argParser(
        collector(
          list(limit),
          `name=value, the value a whole number above 0, the name one of ${LIMIT_NAMES}`,
          (limits: Limits, changes) => Object.assign({}, limits, ...changes),
        ),
      ),
    new Option('--log-level <level>', `least severity to log; one of ${LOG_LEVELS.join(', ')}`)
      .env('SESSIONTREE_LOG_LEVEL')
      .default('info')
      .argParser(parser(z.enum(LOG_LEVELS), `one of ${LOG_LEVELS.join(', ')}`)),
  ];
}

/** The values of `serveOptions`, under the names that commander gives them. */
export interface ServeFlags {
  readonly port: number;
  readonly host: string;
  readonly data: string;
  readonly durability: Durability;
  readonly allowOrigin: readonly string[];
  readonly allowHost: readonly string[];
  readonly limit: Limits;
  readonly logLevel: Config['logLevel'];
}

export function createConfig(flags: ServeFlags): Config {
  return Object.freeze({
    port: flags.port,
    host: flags.host,
    dataDirectory: flags.data,
    durability: flags.durability,
    allowedOrigins: Object.freeze([...flags.allowOrigin]),
    allowedHosts: Object.freeze([...flags.allowHost]),
    limits: Object.freeze({ ...flags.limit }),
    logLevel: flags.logLevel,
  });
}
