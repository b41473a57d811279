import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createConfig, type ServeFlags, serveOptions } from '../../src/commands/serve-options.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { Config } from '../../src/server/config.ts';
import { temporaryDirectory } from '../support/repository.ts';

afterEach(() => vi.unstubAllEnvs());

/** The configuration that `sessiontree serve` derives. Throws with its message to the user. */
function read(flags: string[], variables: Record<string, string> = {}): Config {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  const command = new Command('serve').exitOverride().configureOutput({ writeErr: () => {} });
  for (const option of serveOptions()) command.addOption(option);
  return createConfig(command.parse(flags, { from: 'user' }).opts<ServeFlags>());
}

test('a server that is given no flag and no variable has the defaults', () => {
  expect(read([])).toEqual({
    port: 4000,
    host: '127.0.0.1',
    auth: { kind: 'none' },
    dataDirectory: './data',
    database: null,
    durability: 'disk',
    allowedOrigins: [],
    allowedHosts: [],
    limits: DEFAULT_LIMITS,
    logLevel: 'info',
    logFormat: process.stdout.isTTY ? 'pretty' : 'json',
    basePath: '',
    trustedProxies: [],
    metrics: null,
    audit: null,
    tracing: null,
  });
});

const FLAGS = {
  '--port': '5000',
  '--host': '::1',
  '--auth': 'token',
  '--data': '/tmp/d',
  '--durability': 'os',
  '--allow-origin': 'https://a.example',
  '--allow-host': 'a.example',
  '--limit': 'objects=7',
  '--log-level': 'debug',
  '--log-format': 'pretty',
  '--base-path': '/tree/',
  '--trust-proxy': 'loopback',
  '--metrics': '9464',
  '--audit': 'audit.jsonl',
};

const VARIABLES = {
  SESSIONTREE_PORT: '6000',
  SESSIONTREE_HOST: 'localhost',
  SESSIONTREE_AUTH: 'none',
  SESSIONTREE_DATA: '/tmp/e',
  SESSIONTREE_DURABILITY: 'disk',
  SESSIONTREE_ALLOW_ORIGIN: 'https://b.example, http://c.example:3000/',
  SESSIONTREE_ALLOW_HOST: 'B.example,c.example',
  SESSIONTREE_LIMITS: 'objects=8,depth=9',
  SESSIONTREE_LOG_LEVEL: 'debug',
  SESSIONTREE_LOG_FORMAT: 'json',
  SESSIONTREE_BASE_PATH: '/a/b',
  SESSIONTREE_TRUST_PROXY: '10.0.0.0/8, fd00::1',
  SESSIONTREE_METRICS: 'true',
  SESSIONTREE_AUDIT: 'log',
};

const FROM_FLAGS = {
  port: 5000,
  host: '::1',
  auth: { kind: 'token' },
  dataDirectory: '/tmp/d',
  database: null,
  durability: 'os',
  allowedOrigins: ['https://a.example'],
  allowedHosts: ['a.example'],
  limits: { ...DEFAULT_LIMITS, objects: 7 },
  logLevel: 'debug',
  logFormat: 'pretty',
  basePath: '/tree',
  trustedProxies: ['loopback'],
  metrics: 9464,
  audit: 'audit.jsonl',
  tracing: null,
};

test('a flag sets each value', () => {
  expect(read(Object.entries(FLAGS).flat())).toEqual(FROM_FLAGS);
});

test('a variable sets each value, and takes lists with commas', () => {
  expect(read([], VARIABLES)).toEqual({
    port: 6000,
    host: 'localhost',
    auth: { kind: 'none' },
    dataDirectory: '/tmp/e',
    database: null,
    durability: 'disk',
    allowedOrigins: ['https://b.example', 'http://c.example:3000'],
    allowedHosts: ['b.example', 'c.example'],
    limits: { ...DEFAULT_LIMITS, objects: 8, depth: 9 },
    logLevel: 'debug',
    logFormat: 'json',
    basePath: '/a/b',
    trustedProxies: ['10.0.0.0/8', 'fd00::1'],
    metrics: 'main',
    audit: 'log',
    tracing: null,
  });
});

test('a flag beats its variable', () => {
  expect(read(Object.entries(FLAGS).flat(), VARIABLES)).toEqual(FROM_FLAGS);
});

test('a flag for a list adds up where it is given again', () => {
  const config = read([
    ...['--allow-origin', 'https://a.example', '--allow-origin', 'https://b.example'],
    ...['--allow-host', 'a.example', '--allow-host', 'b.example'],
    ...['--limit', 'depth=5', '--limit', 'aliases=6,tokens=7'],
  ]);
  expect(config.allowedOrigins).toEqual(['https://a.example', 'https://b.example']);
  expect(config.allowedHosts).toEqual(['a.example', 'b.example']);
  expect(config.limits).toEqual({ ...DEFAULT_LIMITS, depth: 5, aliases: 6, tokens: 7 });
});

test('origins and hosts are taken as browsers write them', () => {
  const { allowedOrigins, allowedHosts } = read([
    ...[
      '--allow-origin',
      'HTTPS://App.Example:443/',
      '--allow-origin',
      'https://*.app.example,tauri://localhost',
    ],
    ...['--allow-host', 'Bücher.example', '--allow-host', '[0:0::2], 10.1'],
  ]);
  expect(allowedOrigins).toEqual(['https://app.example', 'https://*.app.example', 'tauri://localhost']);
  expect(allowedHosts).toEqual(['xn--bcher-kva.example', '[::2]', '10.0.0.1']);
});

test('metrics are on the port of the API, on one of their own, or off', () => {
  expect(read(['--metrics']).metrics).toBe('main');
  expect(read(['--metrics', '0']).metrics).toBe(0);
  expect(read([], { SESSIONTREE_METRICS: '9464' }).metrics).toBe(9464);
  expect(read([], { SESSIONTREE_METRICS: 'false' }).metrics).toBeNull();
});

test('traces are made with --otel only, as the variables of OpenTelemetry say', () => {
  expect(read([], { OTEL_TRACES_SAMPLER: 'odd' }).tracing).toBeNull();
  expect(() => read(['--otel'])).toThrow('OTEL_TRACES_SAMPLER');
  expect(read(['--otel'], { OTEL_TRACES_SAMPLER: 'always_on' }).tracing).toMatchObject({
    exporter: 'otlp',
    sampler: 'always_on',
  });
  expect(read([], { SESSIONTREE_OTEL: 'true' }).tracing).not.toBeNull();
  expect(read(['--otel'], { OTEL_SDK_DISABLED: 'true' }).tracing).toBeNull();
});

test('an audit in the log needs a level at which the log has it', () => {
  expect(() => read(['--audit', 'log', '--log-level', 'warn'])).toThrow('--log-level warn');
  expect(read(['--audit', 'log']).audit).toBe('log');
  expect(read(['--audit', 'audit.jsonl', '--log-level', 'warn']).audit).toBe('audit.jsonl');
});

test('options that were read cannot be changed', () => {
  const config = read([]);
  for (const part of [config, config.limits, config.allowedHosts, config.allowedOrigins]) {
    expect(Object.isFrozen(part)).toBe(true);
  }
});

describe('a bad value says what was expected, what came, and where from', () => {
  const NAMES = Object.keys(DEFAULT_LIMITS).join(', ');
  test.each([
    ['--port', 'http', 'a whole number from 0 to 65535'],
    ['--port', '65536', 'a whole number from 0 to 65535'],
    ['--port', '-1', 'a whole number from 0 to 65535'],
    ['--port', '80.5', 'a whole number from 0 to 65535'],
    ['--port', '', 'a whole number from 0 to 65535'],
    ['--host', '::1%lo', 'an address of this machine'],
    ['--host', 'localhost.evil.example', 'an address of this machine'],
    ['--auth', 'basic', 'one of none, token, jwt'],
    ['--base-path', 'tree', 'a path such as /sessiontree'],
    ['--base-path', '/tr"ee', 'a path such as /sessiontree'],
    ['--base-path', '/a/../b', 'a path such as /sessiontree'],
    ['--base-path', '/explorer/a', 'a path such as /sessiontree'],
    ['--trust-proxy', 'proxy.example', 'loopback, an address'],
    ['--trust-proxy', '10.0.0.0/33', 'loopback, an address'],
    ['--trust-proxy', '10.0.0.1,', 'loopback, an address'],
    ['--metrics', 'yes', 'true, false or a port'],
    ['--metrics', '65536', 'true, false or a port'],
    ['--audit', '', 'the path of a file, or "log"'],
    ['--allow-origin', 'app.example', 'an origin such as https://app.example'],
    ['--allow-origin', 'https://app.example/path', 'an origin such as https://app.example'],
    ['--allow-origin', 'null', 'an origin such as https://app.example'],
    ['--allow-origin', '*', 'an origin such as https://app.example'],
    ['--allow-origin', 'file:///', 'an origin such as https://app.example'],
    ['--allow-origin', 'https://*.x', 'an origin such as https://app.example'],
    ['--allow-origin', 'wss://app.example', 'an origin such as https://app.example'],
    ['--allow-host', '*.example', 'a host name without scheme and port'],
    ['--allow-host', 'a;b', 'a host name without scheme and port'],
    ['--allow-host', 'app.example/', 'a host name without scheme and port'],
    ['--allow-host', '::1', 'a host name without scheme and port'],
    ['--allow-host', '999.999.999.999', 'a host name without scheme and port'],
    ['--allow-host', 'a b', 'a host name without scheme and port'],
    ['--allow-host', '', 'a host name without scheme and port'],
    ['--allow-host', 'http://app.example', 'a host name without scheme and port'],
    ['--allow-host', 'app.example:80', 'a host name without scheme and port'],
    ['--allow-host', '*', 'a host name without scheme and port'],
    ['--limit', 'objects', `name=value, the value a whole number above 0, the name one of ${NAMES}`],
    ['--limit', 'objects=0', 'name=value'],
    ['--limit', 'objects=1e3', 'name=value'],
    ['--limit', 'nope=1', 'name=value'],
    ['--limit', 'toString=1', 'name=value'],
    ['--log-format', 'xml', 'one of pretty, json'],
    ['--log-level', 'loud', 'one of trace, debug, info, warn, error, fatal, silent'],
  ])('%s %s', (flag, value, expected) => {
    const said = () => read([`${flag}=${value}`]);
    expect(said).toThrow(`error: option '${flag} `);
    expect(said).toThrow(`argument '${value}' is invalid. Expected ${expected}`);
  });

  test('SESSIONTREE_HOST', () => {
    expect(() => read([], { SESSIONTREE_HOST: 'app.example' })).toThrow(
      "value 'app.example' from env 'SESSIONTREE_HOST' is invalid. Expected an address of this machine",
    );
  });

  test('a bad variable behind a good flag is never looked at', () => {
    expect(read(['--port', '5000'], { SESSIONTREE_PORT: 'bad' }).port).toBe(5000);
  });
});

test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost', '::ffff:127.0.0.1'])(
  '%s is a loopback address',
  (host) => {
    expect(read(['--host', host]).host).toBe(host);
  },
);

describe('an address that other machines can reach', () => {
  test.each(['0.0.0.0', '::', '10.0.0.1', '192.168.1.5'])('%s needs authentication', (host) => {
    expect(() => read(['--host', host])).toThrow(
      `error: --host ${host} needs --auth: without authentication, anyone who can reach the address could read and change everything. ` +
        'Say who may with --auth token or --auth jwt, or listen on a loopback address',
    );
    expect(read(['--host', host, '--auth', 'token'])).toMatchObject({ host, auth: { kind: 'token' } });
  });
});

describe('JSON Web Tokens', () => {
  const ISSUED = ['--auth', 'jwt', '--jwt-issuer', 'https://id.example', '--jwt-audience', 'sessiontree'];
  const SECRET = 'x'.repeat(32);

  test('by a secret of the environment, with the names of claims', () => {
    const claims = ['--jwt-user-claim', 'email', '--jwt-scope-claim', 'roles', '--jwt-subtree-claim', 'tree'];
    expect(read([...ISSUED, ...claims], { SESSIONTREE_JWT_SECRET: SECRET }).auth).toEqual({
      kind: 'jwt',
      jwt: {
        keys: { secret: new TextEncoder().encode(SECRET) },
        issuer: 'https://id.example',
        audience: 'sessiontree',
        userClaim: 'email',
        scopeClaim: 'roles',
        subtreeClaim: 'tree',
      },
    });
  });

  test('by a secret in a file, without its last newline', async () => {
    const file = join(await temporaryDirectory(), 'secret');
    await writeFile(file, `${SECRET}\n`);
    expect(read([...ISSUED, '--jwt-secret-file', file]).auth).toMatchObject({
      jwt: { keys: { secret: new TextEncoder().encode(SECRET) } },
    });
  });

  test.each(['https://id.example/keys', 'http://127.0.0.1:8080/keys', 'http://[::1]:8080/keys'])(
    'by the keys at %s',
    (url) => {
      expect(read([...ISSUED, '--jwt-jwks', url]).auth).toMatchObject({
        jwt: { keys: { jwks: new URL(url) } },
      });
    },
  );

  test('by the keys in a file', () => {
    expect(read([...ISSUED, '--jwt-jwks', '/etc/keys.json']).auth).toMatchObject({
      jwt: { keys: { jwksFile: '/etc/keys.json' } },
    });
  });

  test.each<[what: string, flags: string[], says: string]>([
    ['no keys', ISSUED, 'needs one of --jwt-jwks, --jwt-secret-file and SESSIONTREE_JWT_SECRET, got none'],
    ['two keys', [...ISSUED, '--jwt-jwks', 'a', '--jwt-secret-file', 'b'], 'got several'],
    [
      'keys over plain HTTP',
      [...ISSUED, '--jwt-jwks', 'http://id.example/keys'],
      'expected a URL with https',
    ],
    ['no issuer', ['--auth', 'jwt', '--jwt-jwks', 'a', '--jwt-audience', 'b'], 'needs --jwt-issuer'],
    ['no audience', ['--auth', 'jwt', '--jwt-jwks', 'a', '--jwt-issuer', 'b'], 'needs --jwt-audience'],
    [
      'another way',
      ['--auth', 'token', '--jwt-issuer', 'b'],
      '--jwt-issuer needs --auth jwt, got --auth token',
    ],
    [
      'a file that is not there',
      [...ISSUED, '--jwt-secret-file', '/none'],
      '--jwt-secret-file cannot be read',
    ],
  ])('%s is refused', (_what, flags, says) => {
    expect(() => read(flags)).toThrow(says);
  });

  test('a secret that can be guessed is refused, and not repeated', () => {
    const said = () => read(ISSUED, { SESSIONTREE_JWT_SECRET: 'hunter2' });
    expect(said).toThrow('expected a secret of at least 32 bytes, got 7');
    expect(said).not.toThrow('hunter2');
  });
});
