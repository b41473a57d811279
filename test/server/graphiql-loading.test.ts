import { syncBuiltinESMExports } from 'node:module';
import workerThreads from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { openTestServer, outcome } from './support.ts';

const { Worker } = workerThreads;

function put(worker: typeof Worker): void {
  workerThreads.Worker = worker;
  syncBuiltinESMExports();
}

/** Makes the start of a thread fail with this error. */
function failing(code: string): typeof Worker {
  return class {
    constructor() {
      throw Object.assign(new Error('a thread'), { code });
    }
  } as never;
}

afterEach(() => put(Worker));

const HTML = { headers: { accept: 'text/html' } };

test('where no thread can be started, GraphiQL is served all the same', async () => {
  put(failing('ERR_WORKER_INIT_FAILED'));
  const { fetch } = await openTestServer();
  const response = await fetch(HTML);
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('<title>Sessiontree</title>');
});

test('where GraphiQL cannot be loaded, the log says why and the answer does not, and the next try may do better', async () => {
  put(failing('EMFILE'));
  const { fetch, logs } = await openTestServer();
  const response = await fetch(HTML);
  expect(await response.clone().text()).not.toContain('a thread');
  expect(await outcome(response)).toEqual({ status: 500, codes: ['INTERNAL_SERVER_ERROR'] });
  expect(logs).toMatchObject([
    { msg: 'GraphiQL could not be loaded', err: { code: 'EMFILE' } },
    { msg: 'request', errors: ['INTERNAL_SERVER_ERROR'] },
  ]);
  put(Worker);
  expect((await fetch(HTML)).status).toBe(200);
});
