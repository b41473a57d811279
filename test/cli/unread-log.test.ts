import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { openConnection } from '../server/running.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { hasCommand } from './run.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Their lines in the log take more than the buffer of the log and that of a pipe or socket together. */
const REQUESTS = 6_000;
/** `stopping` and `stopped`. */
const LINES_OF_STOP = 2;

interface LogLine {
  readonly msg: string;
  readonly url?: string;
  readonly dropped?: number;
}

interface Unread {
  readonly pid: number;
  readonly url: string;
  /** Resolves with the code and the signal with which the server, or for a pipe its shell, ends. */
  readonly ended: Promise<unknown[]>;
  /** Reads the rest of the log to its end. */
  read(): Promise<LogLine[]>;
}

/** A server of whose log, a socket, only the first line was read. */
async function serveToSocket(): Promise<Unread> {
  const args = ['src/cli.ts', 'serve', '--port', '0', '--data', await temporaryDirectory()];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const url = await firstLine(child.stdout);
  return {
    pid: child.pid!,
    url,
    ended: once(child, 'exit'),
    read: async () => linesOf(await text(child.stdout)),
  };
}

/** The same for a pipe, to which writes wait: another process that shares it has made it so. */
async function serveToPipe(): Promise<Unread> {
  const [reading, steps, told] = [3, 4, 5];
  // Node.js makes an inherited pipe blocking, as the pipe was before, when it exits.
  const other = `'${process.execPath}' --eval 'fs.writeSync(${told}, "up "); fs.readSync(${steps}, Buffer.alloc(1))'`;
  const serve = `exec '${process.execPath}' src/cli.ts serve --port 0 --data '${await temporaryDirectory()}'`;
  const command = `
    { (${other}; echo down >&${told}) & (read -r go <&6; echo $BASHPID >&${told}; ${serve}) & wait $!; } |
    { read -r line; echo "$line"; read -r go <&${reading}; exec cat; }`;
  const child = spawn('bash', ['-o', 'pipefail', '-c', command], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit', 'pipe', 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
  });
  const tell = (pipe: number) => void (child.stdio[pipe] as Writable).end('\n');
  const next = async () => String((await once(child.stdio[told] as Readable, 'data'))[0]);
  expect(await next()).toBe('up ');
  tell(6);
  const pid = Number(await next());
  const url = await firstLine(child.stdout!);
  tell(steps);
  expect(await next()).toBe('down\n');
  const read = async () => {
    tell(reading);
    return linesOf(await text(child.stdout!));
  };
  return { pid, url, ended: once(child, 'exit'), read };
}

async function firstLine(log: Readable): Promise<string> {
  const [chunk] = (await once(log, 'data')) as [Buffer];
  log.pause();
  const [line] = linesOf(chunk.toString());
  return line!.url!;
}

function linesOf(log: string): LogLine[] {
  return log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LogLine);
}

/** Sends requests on one connection, and waits for all answers. */
async function request(url: string, count: number): Promise<void> {
  const { socket, closed } = openConnection(url);
  const head = (connection: string) =>
    `GET /${'long'.repeat(30)} HTTP/1.1\r\nHost: localhost\r\nConnection: ${connection}\r\n\r\n`;
  for (let sent = 0; sent < count - 1; sent += 1) socket.write(head('keep-alive'));
  socket.write(head('close'));
  const answers = await closed();
  expect(answers.match(/HTTP\/1\.1 404 /g)).toHaveLength(count);
}

test.skipIf(process.platform !== 'linux' || !hasCommand('bash')).each([
  ['a socket', serveToSocket],
  ['a pipe to which writes wait', serveToPipe],
])(
  'a server whose log, %s, nobody reads goes on, and says later how many lines are missing',
  async (_, serve) => {
    const { pid, url, ended, read } = await serve();
    await request(url, REQUESTS);
    expect((await fetch(new URL('/health', url))).status).toBe(200);
    const reading = read();
    process.kill(pid, 'SIGTERM');
    const lines = await reading;
    const written = lines.filter(({ dropped }) => dropped === undefined);
    const dropped = lines.reduce((sum, line) => sum + (line.dropped ?? 0), 0);
    expect(dropped).toBeGreaterThan(0);
    expect(written.length + dropped).toBe(REQUESTS + LINES_OF_STOP);
    expect(await ended).toEqual([0, null]);
  },
);

test('a server whose log nobody reads stops', async () => {
  const { pid, url, ended } = await serveToSocket();
  await request(url, REQUESTS);
  process.kill(pid, 'SIGTERM');
  expect(await ended).toEqual([0, null]);
});

test('a warning of Node.js does not end a server whose standard error nobody reads any more', async () => {
  const warnings = `process.on('SIGUSR2', () => {
    process.emitWarning('unread');
    setImmediate(() => console.log('{"msg":"warned"}'));
  })`;
  const imported = `data:text/javascript,${encodeURIComponent(warnings)}`;
  const args = ['--import', imported, 'src/cli.ts', 'serve', '--port', '0'];
  const child = spawn(process.execPath, [...args, '--data', await temporaryDirectory()], { cwd: ROOT });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stderr.destroy();
  await firstLine(child.stdout);
  child.stdout.resume();
  const ended = once(child, 'exit');
  for (let times = 0; times < 2; times += 1) {
    child.kill('SIGUSR2');
    await Promise.race([once(child.stdout, 'data'), ended]);
  }
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
