import { expect, test, vi } from 'vitest';
import { ask, startServe } from '../commands/store.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { loadedIn, printLoaded } from './loaded-modules.ts';
import { runCli } from './run.ts';

// A start takes seconds on a busy machine, and more while modules are told.
vi.setConfig({ testTimeout: 60_000 });

test('a server loads nothing of other commands, nor what no flag and no client asked for', async () => {
  const others =
    /src.(import|export|mcp)\W|commands.(import|export|check|backup|copy|migrate|token|quota|share|prune|tree|tail|mcp|failure)\.|node_modules.(rate-limiter-flexible|pg|jose|prom-client)\W/;
  const server = await startServe(['--data', await temporaryDirectory()], printLoaded(others));
  expect(await ask(server.url, '{ store { version } }')).toHaveProperty('data.store');
  await server.stop();
  expect(loadedIn(server.log.join(''))).toEqual([]);
});

test('a command loads nothing of the others', async () => {
  const others =
    /src.(import|export|mcp|schema|repository.files.index)\W|commands.(serve|import|export|check|backup|copy|migrate|quota|share|prune|tree|tail|mcp|failure)\.|node_modules.(graphql|graphql-yoga)\W/;
  const data = await temporaryDirectory();
  const { code, stderr } = await runCli(['token', 'list', '--data', data], printLoaded(others));
  expect({ code, loaded: loadedIn(stderr) }).toEqual({ code: 0, loaded: [] });
});
