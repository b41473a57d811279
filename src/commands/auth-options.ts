import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import {
  AUTH_KINDS,
  type AuthConfig,
  JWT_SECRET_BYTES_MIN,
  type JwtConfig,
} from '../server/auth/auth-config.ts';
import { isLoopbackHost } from '../server/loopback.ts';

/** The parsed values of `authOptions`, with the names that commander derives. */
export interface AuthFlags {
  readonly auth: AuthConfig['kind'];
  readonly jwtSecretFile?: string;
  readonly jwtJwks?: string;
  readonly jwtIssuer?: string;
  readonly jwtAudience?: string;
  readonly jwtUserClaim: string;
  readonly jwtScopeClaim: string;
  readonly jwtSubtreeClaim: string;
}

/** Not a flag: the command line of a process can be seen by all users of a machine. */
const SECRET_VARIABLE = 'SESSIONTREE_JWT_SECRET';

/** The flags of `sessiontree serve` that say who may use the server. */
export function authOptions(): Option[] {
  return [
    new Option(
      '--auth <how>',
      'how it is known who sends a request: none, not at all; token, by the tokens of "sessiontree token"; jwt, by JSON Web Tokens, and those tokens too',
    )
      .env('SESSIONTREE_AUTH')
      .default('none')
      .argParser(parseKind),
    new Option(
      '--jwt-secret-file <file>',
      `with jwt: a file with the secret that signs (HS256), or set ${SECRET_VARIABLE}`,
    ).env('SESSIONTREE_JWT_SECRET_FILE'),
    new Option(
      '--jwt-jwks <file-or-url>',
      'with jwt: the public keys of the issuer, as a JSON Web Key Set, in place of a secret',
    ).env('SESSIONTREE_JWT_JWKS'),
    new Option('--jwt-issuer <text>', 'with jwt: the issuer ("iss") of the tokens').env(
      'SESSIONTREE_JWT_ISSUER',
    ),
    new Option('--jwt-audience <text>', 'with jwt: whom the tokens are for ("aud")').env(
      'SESSIONTREE_JWT_AUDIENCE',
    ),
    claimOption('user', 'sub', 'the user id'),
    claimOption(
      'scope',
      'scope',
      'the scope: sessiontree:read, sessiontree:write or sessiontree:admin; without the claim, write',
    ),
    claimOption(
      'subtree',
      'subtree',
      'the id of a session; its holder sees only that session and all beneath it',
    ),
  ];
}

function claimOption(what: string, name: string, holds: string): Option {
  return new Option(`--jwt-${what}-claim <name>`, `with jwt: the claim that has ${holds}`)
    .env(`SESSIONTREE_JWT_${what.toUpperCase()}_CLAIM`)
    .default(name);
}

function parseKind(text: string): AuthConfig['kind'] {
  const kind = AUTH_KINDS.find((each) => each === text);
  if (kind === undefined) throw new InvalidArgumentError(`Expected one of ${AUTH_KINDS.join(', ')}.`);
  return kind;
}

/** Flags that do not go together. The message says what would. */
export class UsageError extends Error {}

/** Throws a `UsageError` for flags that do not go together. */
export function createAuthConfig(flags: AuthFlags, host: string): AuthConfig {
  const { auth: kind } = flags;
  if (kind === 'none' && !isLoopbackHost(host)) {
    throw new UsageError(
      `error: --host ${host} needs --auth: without authentication, anyone who can reach the address could read and change everything. ` +
        'Say who may with --auth token or --auth jwt, or listen on a loopback address (127.0.0.1, ::1 or localhost)',
    );
  }
  if (kind === 'jwt') return Object.freeze({ kind, jwt: Object.freeze(createJwtConfig(flags)) });
  const unused = (['jwtSecretFile', 'jwtJwks', 'jwtIssuer', 'jwtAudience'] as const).find(
    (name) => flags[name] !== undefined,
  );
  if (unused !== undefined)
    throw new UsageError(`error: ${FLAG_NAMES[unused]} needs --auth jwt, got --auth ${kind}`);
  return Object.freeze({ kind });
}

const FLAG_NAMES = {
  jwtSecretFile: '--jwt-secret-file',
  jwtJwks: '--jwt-jwks',
  jwtIssuer: '--jwt-issuer',
  jwtAudience: '--jwt-audience',
} as const;

function createJwtConfig(flags: AuthFlags): JwtConfig {
  return {
    keys: keysOf(flags),
    issuer: required(flags, 'jwtIssuer'),
    audience: required(flags, 'jwtAudience'),
    userClaim: flags.jwtUserClaim,
    scopeClaim: flags.jwtScopeClaim,
    subtreeClaim: flags.jwtSubtreeClaim,
  };
}

function required(flags: AuthFlags, name: 'jwtIssuer' | 'jwtAudience'): string {
  const value = flags[name];
  if (value) return value;
  throw new UsageError(
    `error: --auth jwt needs ${FLAG_NAMES[name]}: otherwise tokens that were made for other services would be accepted`,
  );
}

function keysOf({ jwtSecretFile: file, jwtJwks: jwks }: AuthFlags): JwtConfig['keys'] {
  const variable = process.env[SECRET_VARIABLE] || undefined;
  const given = [file, variable, jwks].filter((each) => each !== undefined);
  if (given.length !== 1) {
    throw new UsageError(
      `error: --auth jwt needs one of --jwt-jwks, --jwt-secret-file and ${SECRET_VARIABLE}, got ${given.length === 0 ? 'none' : 'several'}`,
    );
  }
  if (jwks !== undefined) return keySetAt(jwks);
  return { secret: checkedSecret(file === undefined ? variable! : readSecret(file)) };
}

/** Without the newline that editors and `echo` add. */
function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new UsageError(`error: --jwt-secret-file cannot be read: ${(error as Error).message}`);
  }
}

function checkedSecret(text: string): Uint8Array {
  const secret = new TextEncoder().encode(text);
  if (secret.length >= JWT_SECRET_BYTES_MIN) return secret;
  throw new UsageError(
    `error: expected a secret of at least ${JWT_SECRET_BYTES_MIN} bytes, got ${secret.length}: a shorter one can be guessed. ` +
      '"openssl rand -base64 32" makes one',
  );
}

/** Over plain HTTP, whoever is on the way could put keys of his own in the place of the issuer's. */
function keySetAt(text: string): JwtConfig['keys'] {
  if (!/^https?:/i.test(text)) return { jwksFile: resolve(text) };
  const url = URL.parse(text);
  const isSafe = url?.protocol === 'https:' || (url && isLoopbackHost(url.hostname.replace(/^\[|\]$/g, '')));
  if (url && isSafe) return { jwks: url };
  throw new UsageError(
    'error: --jwt-jwks: expected a URL with https, or of this machine, or the name of a file',
  );
}
