import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { whyNoMounts } from '../torture/commands.ts';
import { commandIn, type Instruction, ROOT, readStages, textsOf, variablesOf } from './dockerfile.ts';

/**
 * The Dockerfile without a container engine: its stages are run as they stand, each in a root directory of its own, which is this
 * machine's with the changes of the stage laid over it. Takes a minute, and downloads packages: `npm run test:image`.
 */
const why = process.env.IMAGE ? whyNoMounts() : 'a minute long: npm run test:image';

/** A user as the image `node` has it. */
const NODE = { uid: '1000', line: 'node:x:1000:1000::/home/node:/bin/sh' };

/** A root directory over that of this machine. */
class Root {
  readonly path: string;
  readonly #layers = mkdtempSync(join(tmpdir(), 'sessiontree-root-'));
  readonly #mounts: string[] = [];

  constructor() {
    const layers = this.#layers;
    this.path = join(layers, 'root');
    this.#mount('tmpfs', layers, '-t', 'tmpfs');
    for (const name of ['upper', 'work', 'root']) mkdirSync(join(layers, name));
    chmodSync(join(layers, 'upper'), 0o755);
    const options = `lowerdir=/,upperdir=${layers}/upper,workdir=${layers}/work`;
    this.#mount('overlay', this.path, '-t', 'overlay', '-o', options);
    this.#mount('/proc', join(this.path, 'proc'), '--bind');
    this.#mount('/dev', join(this.path, 'dev'), '--bind');
    // The Node.js of the image.
    copyFileSync(process.execPath, join(this.path, 'usr/local/bin/node'));
    const users = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .filter((line) => !/^node:|^[^:]*:x:1000:/.test(line));
    this.write('etc/passwd', [...users.filter(Boolean), NODE.line, ''].join('\n'));
    const groups = readFileSync('/etc/group', 'utf8')
      .split('\n')
      .filter((line) => !/^node:|^[^:]*:x:1000:/.test(line));
    this.write('etc/group', [...groups.filter(Boolean), 'node:x:1000:', ''].join('\n'));
  }

  write(path: string, text: string): void {
    execFileSync('tee', [join(this.path, path)], { input: text, stdio: ['pipe', 'ignore', 'inherit'] });
  }

  #mount(what: string, where: string, ...options: string[]): void {
    execFileSync('mount', [...options, what, where]);
    this.#mounts.push(where);
  }

  /** Nothing can be written but the data, and what a container has in memory. */
  seal(): void {
    this.#mount(join(this.#layers, 'upper/data'), join(this.path, 'data'), '--bind');
    this.#mount('tmpfs', join(this.path, 'tmp'), '-t', 'tmpfs');
    execFileSync('mount', ['-o', 'remount,ro', this.path]);
  }

  run(command: string, directory: string): void {
    const env = { PATH: PATHS, HOME: process.env.HOME };
    execFileSync('chroot', [this.path, 'sh', '-c', `cd ${directory} && ${command}`], { env, stdio: 'pipe' });
  }

  dispose(): void {
    for (const where of this.#mounts.toReversed()) execFileSync('umount', ['-l', where]);
    // Never recursively: a mount that is left would lose its files, and some are those of this machine.
    rmdirSync(this.#layers);
  }
}

const PATHS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Runs the instructions of a stage that change files. */
function build(
  root: Root,
  steps: readonly Instruction[],
  context: string,
  stages: ReadonlyMap<string, Root>,
): void {
  let directory = '/';
  for (const { name, text } of steps) {
    if (name === 'WORKDIR') {
      directory = text;
      mkdirSync(join(root.path, directory), { recursive: true });
    } else if (name === 'RUN') root.run(text, directory);
    else if (name === 'COPY') {
      const words = text.split(/\s+/);
      const from = words[0]!.startsWith('--from=')
        ? stages.get(words.shift()!.slice('--from='.length))
        : undefined;
      const target = words.pop()!;
      for (const source of words)
        copy(
          join(from?.path ?? context, source),
          join(root.path, target.startsWith('/') ? '' : directory, target),
        );
    }
  }
}

/** As COPY does: the content of a directory, or a file, into what is a directory if its name ends in a slash. */
function copy(source: string, target: string): void {
  const isDirectory = statSync(source).isDirectory();
  const into =
    !isDirectory && /[/.]$/.test(target) ? join(target, source.slice(source.lastIndexOf('/') + 1)) : target;
  mkdirSync(dirname(into), { recursive: true });
  cpSync(source, into, { recursive: true, verbatimSymlinks: true });
}

/** What the build gets: what .dockerignore lets in, of what is in the repository. */
function makeContext(directory: string): void {
  const ignore = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
  const letIn = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  const left = ignore
    .filter((line) => line.startsWith('packages/'))
    .map((line) => line.replace('*', 'client'));
  const files = execFileSync('git', ['ls-files', '-z', ...letIn], { cwd: ROOT, encoding: 'utf8' }).split(
    '\0',
  );
  for (const file of files) {
    if (file === '' || left.some((path) => file.startsWith(`${path}/`))) continue;
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    copyFileSync(join(ROOT, file), join(directory, file));
  }
}

const stages = readStages();
const image = stages.at(-1)!;
const roots: Root[] = [];
let root: Root;
let context: string | undefined;

beforeAll(async () => {
  if (why !== null) return;
  context = mkdtempSync(join(tmpdir(), 'sessiontree-test-'));
  makeContext(context);
  const named = new Map<string, Root>();
  for (const { from, steps } of stages) {
    root = new Root();
    roots.push(root);
    build(root, steps, context, named);
    named.set(/ AS (\w+)$/.exec(from)?.[1] ?? '', root);
  }
  root.seal();
}, 600_000);

afterAll(() => {
  for (const one of roots.toReversed()) one.dispose();
  if (context) rmSync(context, { recursive: true });
});

/** The variables of the image, but for the port. */
const VARIABLES = { PATH: PATHS, ...variablesOf(image.steps), SESSIONTREE_PORT: '0' };

/** What runs a command in the image as its user, without any right of root. */
function inImage(command: readonly string[]): string[] {
  const asNode = ['--reuid', NODE.uid, '--regid', NODE.uid, '--clear-groups'];
  return [root.path, 'setpriv', ...asNode, '--no-new-privs', '--bounding-set=-all', ...command];
}

/** Starts the server as the image does. */
async function start(): Promise<{ readonly child: ChildProcess; readonly port: string }> {
  const [entry] = textsOf(image.steps, 'ENTRYPOINT');
  const [command] = textsOf(image.steps, 'CMD');
  const child = spawn('chroot', inImage([...commandIn(entry!), ...commandIn(command!)]), {
    env: VARIABLES,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of createInterface(child.stdout!)) {
    const { url } = JSON.parse(line) as { url?: string };
    if (url !== undefined) return { child, port: new URL(url).port };
  }
  throw new Error('the server ended before it listened');
}

/** A new token, as `docker compose exec` would make it. */
function addToken(): string {
  const command = ['sessiontree', 'token', 'add', '--user', 'ann', '--scope', 'write'];
  return execFileSync('chroot', inImage(command), { env: VARIABLES, encoding: 'utf8' })
    .trim()
    .split(/\s+/)
    .at(-1)!;
}

test.skipIf(why !== null)(
  `the image serves as nobody special, with nothing but its data to write to${why === null ? '' : ` (skipped: ${why})`}`,
  { timeout: 120_000 },
  async () => {
    for (let n = 0; n < 2; n += 1) {
      const { child, port } = await start();
      const url = `http://127.0.0.1:${port}/graphql`;
      const query =
        n === 0
          ? 'mutation { createSession(input: { id: "kept" }) { __typename } }'
          : '{ session(id: "kept") { id } }';
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${addToken()}` },
        body: JSON.stringify({ query }),
      });
      expect(await answer.text()).toContain(n === 0 ? 'CreateSessionPayload' : '"id":"kept"');
      expect((await fetch(url, { method: 'POST' })).status).toBe(401);
      expect(await (await fetch(new URL('/explorer/', url))).text()).toContain('<title>Sessiontree</title>');
      const [check] = textsOf(image.steps, 'HEALTHCHECK');
      const env = { ...VARIABLES, SESSIONTREE_PORT: port };
      execFileSync('chroot', inImage(commandIn(check!)), { env });
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      expect(status).toMatch(/^Uid:\s+1000\s+1000/m);
      expect(() => execFileSync('chroot', [root.path, 'touch', '/app/written'], { stdio: 'pipe' })).toThrow(
        'Read-only',
      );
      child.kill('SIGTERM');
      expect(await once(child, 'close')).toEqual([0, null]);
    }
    // No tool of the build is left.
    for (const name of ['vite', 'typescript', 'vitest', 'node'])
      expect(existsSync(join(root.path, 'app/node_modules', name))).toBe(false);
  },
);
