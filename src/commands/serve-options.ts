import { isIP } from 'node:net';
import { Option } from 'commander';
import { z } from 'zod';
import { DEFAULT_LIMITS, type Limits } from '../model/limits.ts';
import { DURABILITIES, type Durability } from '../repository/files/runtime/options.ts';
import { EXPECTED_ORIGIN, ORIGIN_ADVICE, parseOrigin } from '../server/allowed-origins.ts';
import { type Config, LOG_FORMATS, LOG_LEVELS } from '../server/config.ts';
import { canonicalName, isHostName } from '../server/host-name.ts';
import { type AuthFlags, authOptions, createAuthConfig } from './auth-options.ts';
import { type DatabaseFlags, databaseConfig, databaseOptions } from './database-options.ts';
import { type OperationFlags, operationConfig, operationOptions } from './operation-options.ts';
import { collector, concatenated, list, parser } from './option-parsers.ts';
import { type StoreFlags, storeOptions } from './store-option.ts';

const port = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .pipe(z.number().max(65_535));

/** An address with a zone (`::1%lo`) is refused: a URL cannot contain one. */
const host = z.string().refine((name) => name === 'localhost' || (isIP(name) !== 0 && !name.includes('%')));

/** A host name in the form in which browsers write it in the Host header. */
const hostName = z
  .string()
  .toLowerCase()
  .regex(/^([^\s/?#@\\:%]+|\[[0-9a-f:.]+\])$/)
  .refine((name) => URL.canParse(`http://${name}`))
  .transform(canonicalName)
  .refine(isHostName);

const origin = z
  .string()
  .transform(parseOrigin)
  .refine((parsed) => parsed !== null);

const LIMIT_NAMES = Object.keys(DEFAULT_LIMITS).join(', ');

const limit = z
  .string()
  .regex(/^[A-Za-z]+=[1-9]\d{0,15}$/)
  .transform((text) => text.split('=') as [string, string])
  .refine(([name]) => Object.hasOwn(DEFAULT_LIMITS, name))
  .transform(([name, value]) => ({ [name]: Number(value) }));

function limitsText(limits: Limits): string {
  return Object.entries(limits)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

/** `--limit`, shared by the commands that write. */
export function limitOption(): Option {
  return new Option('--limit <name=value>', 'a limit to set; repeat the flag for more')
    .env('SESSIONTREE_LIMITS')
    .default(DEFAULT_LIMITS, limitsText(DEFAULT_LIMITS))
    .argParser(
      collector(
        list(limit),
        `name=value, the value a whole number above 0, the name one of ${LIMIT_NAMES}`,
        (limits: Limits, changes) => Object.assign({}, limits, ...changes),
      ),
    );
}

/** The flags of `sessiontree serve`. A flag overrides its variable, which overrides the default. */
export function serveOptions(): Option[] {
  return [
    new Option('--port <number>', 'port to listen on; 0 picks a free one')
      .env('SESSIONTREE_PORT')
      .default(4000)
      .argParser(parser(port, 'a whole number from 0 to 65535')),
    new Option('--host <address>', 'address to listen on; one that is not loopback needs --auth')
      .env('SESSIONTREE_HOST')
      .default('127.0.0.1')
      .argParser(parser(host, 'an address of this machine, such as 127.0.0.1, ::1 or 0.0.0.0, or localhost')),
    ...authOptions(),
    ...storeOptions(),
    new Option(
      '--durability <when>',
      'when to answer a write: disk, after it is synced to the disk; os, after the operating system has it',
    )
      .env('SESSIONTREE_DURABILITY')
      .default('disk')
      .argParser(parser(z.enum(DURABILITIES), `one of ${DURABILITIES.join(', ')}`)),
    ...databaseOptions(),
    new Option('--allow-origin <url>', 'an origin whose web pages may call the API; repeat the flag for more')
      .env('SESSIONTREE_ALLOW_ORIGIN')
      .default([], 'none')
      .argParser(collector(list(origin), `${EXPECTED_ORIGIN}. ${ORIGIN_ADVICE}`, concatenated)),
    new Option('--allow-host <name>', 'a host name to accept besides localhost; repeat the flag for more')
      .env('SESSIONTREE_ALLOW_HOST')
      .default([], 'none')
      .argParser(
        collector(
          list(hostName),
          'a host name without scheme and port, such as app.example; an IPv6 address in brackets',
          concatenated,
        ),
      ),
    ...operationOptions(),
    limitOption(),
    new Option('--log-level <level>', `lowest severity to log; one of ${LOG_LEVELS.join(', ')}`)
      .env('SESSIONTREE_LOG_LEVEL')
      .default('info')
      .argParser(parser(z.enum(LOG_LEVELS), `one of ${LOG_LEVELS.join(', ')}`)),
    new Option('--log-format <format>', `format of the log; one of ${LOG_FORMATS.join(', ')}`)
      .env('SESSIONTREE_LOG_FORMAT')
      .default(process.stdout.isTTY ? 'pretty' : 'json', 'pretty on a terminal, else json')
      .argParser(parser(z.enum(LOG_FORMATS), `one of ${LOG_FORMATS.join(', ')}`)),
  ];
}

/** The parsed values of `serveOptions`, with the names that commander derives. */
export interface ServeFlags extends AuthFlags, OperationFlags, StoreFlags, DatabaseFlags {
  readonly port: number;
  readonly host: string;
  readonly durability: Durability;
  readonly allowOrigin: readonly string[];
  readonly allowHost: readonly string[];
  readonly limit: Limits;
  readonly logLevel: Config['logLevel'];
  readonly logFormat: Config['logFormat'];
}

/** Throws a `UsageError` for flags that do not go together. The store is in the database of `flags.store`, if there is one. */
export function createConfig(flags: ServeFlags): Config {
  return Object.freeze({
    port: flags.port,
    host: flags.host,
    auth: createAuthConfig(flags, flags.host),
    dataDirectory: flags.data,
    database: flags.store === undefined ? null : databaseConfig(flags.store, flags),
    durability: flags.durability,
    allowedOrigins: Object.freeze([...flags.allowOrigin]),
    allowedHosts: Object.freeze([...flags.allowHost]),
    limits: Object.freeze({ ...flags.limit }),
    logLevel: flags.logLevel,
    logFormat: flags.logFormat,
    ...operationConfig(flags),
  });
}
