import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { hasCommand } from '../cli/run.ts';
import { freePort } from '../support/free-port.ts';
import { temporaryDirectory } from '../support/repository.ts';

const DEPLOY = join(import.meta.dirname, '../../deploy');

export type ProxyName = 'nginx' | 'caddy';

/** Why the proxy cannot be started on this machine; null if it can. */
export function whyNoProxy(name: ProxyName): string | null {
  const [, missing] =
    [
      [hasCommand('openssl'), 'openssl'],
      [hasProgram(name), name],
    ].find(([isThere]) => !isThere) ?? [];
  return missing === undefined ? null : `no ${missing} on this machine: see .ci/run`;
}

function hasProgram(name: ProxyName): boolean {
  try {
    execFileSync(name, [name === 'nginx' ? '-v' : 'version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export interface Proxy {
  /** `https://127.0.0.1:<port>/sessiontree`. */
  readonly url: string;
  readonly port: number;
}

/**
 * Starts a proxy with the example of `deploy/`, in which only the addresses, the name and the certificate are replaced, in front of the
 * server at `port`.
 */
export async function startProxy(name: ProxyName, port: number): Promise<Proxy> {
  const folder = await temporaryDirectory();
  // The workers of nginx run as another user.
  await chmod(folder, 0o755);
  const [tls, plain] = [await freePort(), await freePort()];
  const certificate = makeCertificate(folder);
  const files = { nginx: nginxFiles, caddy: caddyFiles }[name]({ folder, tls, plain, port, ...certificate });
  for (const [file, text] of Object.entries(files.texts)) await writeFile(join(folder, file), text);
  const [program, ...args] = files.command;
  const child = spawn(program!, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
  onTestFinished(() => end(child));
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await untilListening(tls, () => {
    if (child.exitCode !== null) throw new Error(`${name} ended: ${said}`);
  });
  return { url: `https://127.0.0.1:${tls}/sessiontree`, port: tls };
}

interface Place {
  readonly folder: string;
  /** The port for HTTPS. */
  readonly tls: number;
  /** The port for HTTP. */
  readonly plain: number;
  /** The port of the server. */
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
}

interface Files {
  readonly texts: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

/** The example is what a distribution's own nginx.conf includes within `http`. */
function nginxFiles({ folder, tls, plain, port, certificate, key }: Place): Files {
  const site = replaced('nginx.conf', [
    ['127.0.0.1:4000', `127.0.0.1:${port}`],
    ['listen 80;', `listen 127.0.0.1:${plain};`],
    ['listen 443 ssl http2;', `listen 127.0.0.1:${tls} ssl http2;`],
    ['/etc/ssl/sessiontree/fullchain.pem', certificate],
    ['/etc/ssl/sessiontree/privkey.pem', key],
  ]);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  const main = [
    ...(process.getuid?.() === 0 ? ['user root;'] : []),
    `daemon off; pid ${folder}/pid; error_log stderr; worker_processes 1;`,
    'events { worker_connections 256; }',
    `http { access_log off; ${temporary.join(' ')} include ${folder}/site.conf; }`,
  ];
  return {
    texts: { 'nginx.conf': main.join('\n'), 'site.conf': site },
    command: ['nginx', '-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')],
  };
}

function caddyFiles({ folder, tls, plain, port, certificate, key }: Place): Files {
  const site = replaced('Caddyfile', [
    ['127.0.0.1:4000', `127.0.0.1:${port}`],
    ['\nsessiontree.example {', `\nhttps://127.0.0.1:${tls} {\n\ttls ${certificate} ${key}`],
  ]);
  const global = `{\n\tadmin off\n\thttp_port ${plain}\n\thttps_port ${tls}\n\tskip_install_trust\n}\n`;
  return {
    texts: { Caddyfile: global + site },
    command: ['caddy', 'run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')],
  };
}

/** An example with other values. Each must be there: an example that has changed is to be looked at here, too. */
function replaced(file: string, pairs: readonly (readonly [string, string])[]): string {
  let text = readFileSync(join(DEPLOY, file), 'utf8');
  for (const [value, replacement] of pairs) {
    if (!text.includes(value)) throw new Error(`Expected ${value} in deploy/${file}.`);
    text = text.replace(value, () => replacement);
  }
  return text;
}

function makeCertificate(folder: string): { readonly certificate: string; readonly key: string } {
  const certificate = join(folder, 'certificate.pem');
  const key = join(folder, 'key.pem');
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const args = ['req', ...kind, ...names, '-keyout', key, '-out', certificate];
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'ignore'] });
  return { certificate, key };
}

async function untilListening(port: number, check: () => void): Promise<void> {
  for (;;) {
    check();
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}
