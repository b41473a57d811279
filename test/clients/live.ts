import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import { CutProxy } from '../support/cut-proxy.ts';
import { type ClientProject, openProject } from './files.ts';

export const WATCH = `subscription Watch($within: ID, $after: String) {
  sessionChanges(within: $within, after: $after) {
    cursor
    isReset
    isUpToDate
    changes { kind sessionId session { id version title } messages { id content } }
  }
}`;

interface Change {
  readonly kind: string;
  readonly sessionId: string;
  readonly messages: readonly { readonly content: string }[];
}

interface Changes {
  readonly cursor: string;
  readonly isReset: boolean;
  readonly isUpToDate: boolean;
  readonly changes: readonly Change[];
}

/** What a client library calls. */
export interface Sink {
  next(result: { data?: unknown; errors?: unknown }): void;
  error(error: unknown): void;
  complete(): void;
}

/** Begins to watch a tree with a client library, from a cursor on. Returns a function that ends it. */
export type Watch = (within: string, after: string, sink: Sink) => () => void;

export interface LiveProject extends ClientProject {
  /** Between the clients and the server. */
  readonly network: CutProxy;
  readonly port: number;
}

/** A project whose clients reach the server over a network that can fail. */
export async function openLiveProject(): Promise<LiveProject> {
  let network: CutProxy | undefined;
  let port = 0;
  const project = await openProject(async (serverPort) => {
    port = serverPort;
    network = await CutProxy.open(serverPort);
    onTestFinished(() => network!.close());
    return `127.0.0.1:${network.port}`;
  });
  return { ...project, network: network!, port };
}

/** Milliseconds that a client may take to connect again. */
const PATIENCE_MS = 20_000;

/** What a client was told. */
class Told implements Sink {
  readonly events: Changes[] = [];
  readonly errors: unknown[] = [];
  isComplete = false;

  next({ data, errors }: { data?: unknown; errors?: unknown }): void {
    if (errors) this.errors.push(errors);
    const event = (data as { sessionChanges?: Changes } | null)?.sessionChanges;
    if (event) this.events.push(event);
  }

  error(error: unknown): void {
    this.errors.push(error);
  }

  complete(): void {
    this.isComplete = true;
  }

  /** Each change, as "KIND session", with the contents of its messages. */
  get changes(): string[] {
    return this.events.flatMap(({ changes }) =>
      changes.map(({ kind, sessionId, messages }) =>
        [kind, sessionId, ...messages.map(({ content }) => content)].join(' '),
      ),
    );
  }

  async until(isThere: () => boolean): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!isThere()) {
      if (this.errors.length > 0 || performance.now() > deadline)
        throw new Error(`Expected more, got ${JSON.stringify({ ...this, changes: this.changes })}.`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

const append = (content: string) =>
  `appendMessages(input: { sessionId: "trip", messages: [{ role: USER, content: "${content}" }] }) { __typename }`;

interface Begun {
  readonly told: Told;
  /** Expects that the client was told these changes, beside those that were expected before, and nothing else. */
  expectTold(...changes: string[]): Promise<void>;
}

/** Begins to watch a tree in which something has happened since its cursor was read. */
async function begin(project: LiveProject, watch: Watch): Promise<Begun> {
  await project.send('mutation { createSession(input: { id: "trip" }) { __typename } }');
  const { store } = await project.ask<{ store: { cursor: string } }>('{ store { cursor } }');
  await project.send(`mutation { ${append('before')} }`);
  const told = new Told();
  onTestFinished(watch('trip', store.cursor, told));
  const expected: string[] = [];
  const expectTold = async (...changes: string[]) => {
    expected.push(...changes);
    await told.until(() => told.changes.length >= expected.length);
    expect(told.changes).toEqual(expected);
  };
  await expectTold('APPENDED trip before');
  return { told, expectTold };
}

/** Watches a tree while a gateway answers in place of the server. */
export async function expectEachChangeOnceBehindGateway(project: LiveProject, watch: Watch): Promise<void> {
  const { network, port } = project;
  const { expectTold } = await begin(project, watch);
  const gateway = createServer((_request, response) => response.writeHead(502).end()).listen(0, '127.0.0.1');
  await once(gateway, 'listening');
  onTestFinished(() => {
    gateway.closeAllConnections();
    gateway.close();
  });
  network.lead((gateway.address() as AddressInfo).port);
  network.cut();
  await once(gateway, 'request');
  await project.send(`mutation { ${append('bad gateway')} }`);
  network.lead(port);
  await expectTold('APPENDED trip bad gateway');
}

/**
 * Watches a tree with a client library while all connections are cut, and the server is restarted, with changes meanwhile. The client must be
 * told each change once.
 */
export async function expectEachChangeOnce(project: LiveProject, watch: Watch): Promise<void> {
  const { network, port } = project;
  const { told, expectTold } = await begin(project, watch);
  await project.send(`mutation { ${append('connected')} }`);
  await expectTold('APPENDED trip connected');

  network.lead(null);
  expect(network.cut()).toBeGreaterThan(0);
  await project.send(`mutation {
    ${append('cut 1')}
    spawnSession(input: { parentId: "trip", id: "hotel" }) { __typename }
    createSession(input: { id: "other" }) { __typename }
  }`);
  await project.send(`mutation { ${append('cut 2')} }`);
  network.lead(port);
  await expectTold('CREATED hotel', 'APPENDED trip cut 1 cut 2');
  await project.send('mutation { updateSession(input: { sessionId: "hotel", title: "H" }) { __typename } }');
  await expectTold('UPDATED hotel');

  network.lead(null);
  const nextPort = await project.restart();
  await project.send(`mutation { ${append('started again')} }`);
  network.lead(nextPort);
  await expectTold('APPENDED trip started again');

  await project.send(
    'mutation { deleteSession(input: { sessionId: "trip", mode: CASCADE }) { __typename } }',
  );
  await expectTold('DELETED trip');
  expect(told.errors).toEqual([]);
  expect(told.events.filter(({ isReset }) => isReset)).toEqual([]);
  const cursors = told.events.filter(({ changes }) => changes.length > 0).map(({ cursor }) => cursor);
  expect(new Set(cursors).size).toBe(cursors.length);
  await told.until(() => told.isComplete);
}
