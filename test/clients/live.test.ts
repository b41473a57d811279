import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import type { ApolloLink } from '@apollo/client';
import { Client, type Exchange } from '@urql/core';
import { EventSource } from 'eventsource';
import { parse } from 'graphql';
import type { ConcreteRequest, SubscribeFunction } from 'relay-runtime';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { addHistory, openProject } from './files.ts';
import {
  expectEachChangeOnce,
  expectEachChangeOnceBehindGateway,
  openLiveProject,
  type Sink,
  WATCH,
  type Watch,
} from './live.ts';

const { ApolloClient, InMemoryCache } = createRequire(import.meta.url)(
  '@apollo/client',
) as typeof import('@apollo/client');
const { Environment, Network, RecordSource, requestSubscription, Store } = createRequire(import.meta.url)(
  'relay-runtime',
) as typeof import('relay-runtime');

/** The programs of the pages watch through cut connections and a restart of the server: nothing is missed, and nothing comes twice. */
describe('a client is told each change once, with the program for', { timeout: 60_000 }, () => {
  test('graphql-ws', async () => {
    const project = await openLiveProject();
    const { watch } = await project.load<{ watch: Watch }>('watch.ts');
    await expectEachChangeOnce(project, watch);
  });

  test('graphql-sse', async () => {
    const project = await openLiveProject();
    type WatchQuery = (query: string, ...args: Parameters<Watch>) => () => void;
    const { watch } = await project.load<{ watch: WatchQuery }>('watch-sse.ts');
    await expectEachChangeOnce(project, (...args) => watch(WATCH, ...args));
  });

  test.each([
    ['EventSource', expectEachChangeOnce],
    [
      'EventSource, which does not come back by itself after an answer of a gateway',
      expectEachChangeOnceBehindGateway,
    ],
  ])('%s', async (_name, expectOnce) => {
    vi.stubGlobal('EventSource', EventSource);
    const project = await openLiveProject();
    type WatchEvents = (query: string, variables: object, sink: Sink) => () => void;
    const { watch } = await project.load<{ watch: WatchEvents }>('watch-events.ts');
    await expectOnce(project, (within, after, sink) => watch(WATCH, { within, after }, sink));
  });

  test('Apollo Client', async () => {
    const project = await openLiveProject();
    const { link } = await project.load<{ link: ApolloLink }>('apollo-live.ts');
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    await expectEachChangeOnce(project, (within, after, sink) => {
      const watched = client.subscribe({ query: parse(WATCH), variables: { within, after } });
      const subscription = watched.subscribe({
        next: ({ data, error }) => sink.next({ data, errors: error }),
        error: (error) => sink.error(error),
        complete: () => sink.complete(),
      });
      return () => subscription.unsubscribe();
    });
  });

  test('urql', async () => {
    const project = await openLiveProject();
    const { liveExchange } = await project.load<{ liveExchange: Exchange }>('urql-live.ts');
    const client = new Client({ url: 'http://127.0.0.1/', exchanges: [liveExchange] });
    await expectEachChangeOnce(project, (within, after, sink) => {
      const { unsubscribe } = client
        .subscription(WATCH, { within, after })
        .subscribe(({ data, error, hasNext }) => {
          // The last result comes again at the end.
          if (error || hasNext) sink.next({ data, errors: error });
          if (!hasNext) sink.complete();
        });
      return unsubscribe;
    });
  });

  test('Relay', async () => {
    const project = await openLiveProject();
    await project.run('relay-compiler');
    const { subscribeFunction } = await project.load<{ subscribeFunction: SubscribeFunction }>(
      'src/relay-live.ts',
    );
    const { default: subscription } = await project.load<{ default: ConcreteRequest }>(
      'src/__generated__/WatchSubscription.graphql.ts',
    );
    const network = Network.create(() => ({ data: {} }), subscribeFunction);
    const environment = new Environment({ network, store: new Store(new RecordSource()) });
    await expectEachChangeOnce(project, (within, after, sink) => {
      const { dispose } = requestSubscription(environment, {
        subscription,
        variables: { within, after },
        onNext: (data) => sink.next({ data }),
        onError: (error) => sink.error(error),
        onCompleted: () => sink.complete(),
      });
      return dispose;
    });
  });
});

test('the program of README.md that calls watch.ts prints what changes, until the session is deleted', async () => {
  const project = await openProject();
  await addHistory(project, 1);
  const child = spawn(
    process.execPath,
    ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', 'show-changes.ts'],
    {
      cwd: project.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)];
  // The first event says that nothing has changed yet.
  await new Promise((resolve) => child.stdout.once('data', resolve));
  await project.send('mutation { deleteSession(input: { sessionId: "trip" }) { __typename } }');
  expect(await stdout).toMatch(/changes: \[\].*kind: 'DELETED'.*\nThe session was deleted\.\n$/s);
  expect(await stderr).toBe('');
});
