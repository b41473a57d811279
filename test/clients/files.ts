import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished, vi } from 'vitest';
import { startTestServer } from '../server/running.ts';
import { ROOT, readBlocks } from '../support/documentation.ts';
import { temporaryDirectory } from '../support/repository.ts';

/** The page that shows the files of clients' projects. */
export const CLIENT_PAGE = 'docs/web-pages.md';

/** Matches the first line of a code block that is a file of a client's project: a comment with the file's name. */
export const CLIENT_FILE = /^(?:\/\/|#) ([\w/-]+(?:\.[\w]+)+)\n/;

/** The page's files for clients, by their names. */
export async function clientFiles(): Promise<Map<string, string>> {
  const blocks = await readBlocks(CLIENT_PAGE);
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
}

/** A project with the page's files and this repository's packages, and a running server that the files use. */
export async function openProject(): Promise<ClientProject> {
  const server = await startTestServer();
  const directory = await temporaryDirectory();
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  await symlink(join(ROOT, 'schema.graphql'), join(directory, 'schema.graphql'));
  await writeFile(join(directory, 'package.json'), '{ "private": true }');
  for (const [name, code] of await clientFiles()) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(
      join(directory, name),
      code.replaceAll('http://localhost:4000', new URL(server.url).origin),
    );
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
