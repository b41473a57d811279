import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished, vi } from 'vitest';
import { startTestServer } from '../server/running.ts';
import { CLIENT_FILE, ROOT, readBlocks } from '../support/documentation.ts';
import { temporaryDirectory } from '../support/repository.ts';

/** The pages that show files of clients' projects. */
const CLIENT_PAGES = ['README.md', 'docs/web-pages.md', 'docs/watching.md'] as const;

/** The pages' files for clients, by their names. */
export async function clientFiles(): Promise<Map<string, string>> {
  const blocks = await readBlocks(...CLIENT_PAGES);
  return new Map(
    blocks.flatMap(({ code }) =>
      CLIENT_FILE.test(code) ? [[CLIENT_FILE.exec(code)![1]!, `${code}\n`]] : [],
    ),
  );
}

export interface ClientProject {
  readonly directory: string;
  /** The exports of a file of the project. */
  load<T>(name: string): Promise<T>;
  /** Runs a program of this repository in the project's directory. */
  run(command: string, ...args: string[]): Promise<string>;
  /** Sends an operation without a client library. Throws on errors. */
  send(query: string): Promise<void>;
  /** The data of a query, asked without a client library. */
  ask<T>(query: string): Promise<T>;
  /** Stops the server, and starts another one for the same data. Resolves with its port: meanwhile, others may have taken that of the first. */
  restart(): Promise<number>;
}

/**
 * A project with the pages' files and this repository's packages, and a running server that the files use. `hostFor` gives the host and the
 * port by which they reach the server at a port.
 */
export async function openProject(
  hostFor = async (port: number) => `127.0.0.1:${port}`,
): Promise<ClientProject> {
  const dataDirectory = await temporaryDirectory();
  let server = await startTestServer({ dataDirectory });
  const portOf = () => Number(new URL(server.url).port);
  const host = await hostFor(portOf());
  const directory = await temporaryDirectory();
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  await symlink(join(ROOT, 'schema.graphql'), join(directory, 'schema.graphql'));
  await writeFile(join(directory, 'package.json'), '{ "private": true }');
  for (const [name, code] of await clientFiles()) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), code.replaceAll('localhost:4000', host));
  }
  const run = async (command: string, ...args: string[]) => {
    const path = `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}`;
    const { stdout } = await promisify(execFile)(command, args, {
      cwd: directory,
      env: { ...process.env, PATH: path },
    });
    return stdout;
  };
  const ask = async <T>(query: string): Promise<T> => {
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const answer = (await response.json()) as { data: T; errors?: unknown };
    if (answer.errors) throw new Error(JSON.stringify(answer.errors));
    return answer.data;
  };
  return {
    directory,
    load: (name) => import(/* @vite-ignore */ join(directory, name)),
    run,
    send: async (query) => void (await ask(query)),
    ask,
    async restart() {
      await server.stop();
      server = await startTestServer({ dataDirectory });
      return portOf();
    },
  };
}

/** Creates `trip` with this many messages: "0", "1" and so on. */
export async function addHistory(project: ClientProject, length: number): Promise<void> {
  const messages = Array.from({ length }, (_, n) => `{ role: USER, content: "${n}" }`);
  await project.send(`mutation {
    createSession(input: { id: "trip", title: "Plan a trip" }) { __typename }
    appendMessages(input: { sessionId: "trip", messages: [${messages.join(' ')}] }) { __typename }
  }`);
}

/** The warnings and errors that a client prints to the console, from now until the end of the test. */
export function complaints(): unknown[][] {
  const calls: unknown[][] = [];
  for (const level of ['warn', 'error'] as const) {
    const spy = vi.spyOn(console, level).mockImplementation((...args) => void calls.push(args));
    onTestFinished(() => spy.mockRestore());
  }
  return calls;
}
