import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Sessiontree } from '@sessiontree/client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openCutProxy } from '../support/open-cut-proxy.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { isThereABrowser, openPage, useBrowser } from './page.ts';

const CLI = join(import.meta.dirname, '../../src/cli.ts');

/** Starts the server as a process of its own. */
async function serve(data: string): Promise<{ process: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [CLI, 'serve', '--data', data, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout! })) {
    const [, url] = /(http:\/\/[\d.:]+)/.exec(line) ?? [];
    if (url) {
      child.stdout!.resume();
      return { process: child, url };
    }
  }
  throw new Error('Expected the server to listen, but it ended.');
}

describe.skipIf(!isThereABrowser)('a server that is killed under the page', { timeout: 90_000 }, () => {
  useBrowser();

  test('is said to be away; what was read stays, and what happened since is there once it is back', async () => {
    const data = await temporaryDirectory();
    const first = await serve(data);
    await new Sessiontree(`${first.url}/graphql`).sessions.create({
      id: 'root',
      title: 'Root',
      messages: [{ role: 'USER', content: 'before' }],
    });
    // The port of a server that was killed may be taken by others; that of the proxy stays.
    const proxy = await openCutProxy(first.url);
    const page = await openPage(new URL(proxy.url).origin, '/explorer/t/root');
    await page.getByRole('feed').getByText('before').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    first.process.kill('SIGKILL');
    await once(first.process, 'exit');
    proxy.lead(null);
    await page.getByText('Server away, resuming').waitFor();
    expect(await page.getByRole('feed').innerText()).toContain('before');
    const second = await serve(data);
    proxy.lead(Number(new URL(second.url).port));
    const client = new Sessiontree(`${second.url}/graphql`);
    await client.history.append('root', [{ role: 'USER', content: 'after' }]);
    await client.sessions.spawn('root', { title: 'Spawned meanwhile' });
    await page.getByRole('feed').getByText('after').waitFor();
    await page.getByRole('tree').getByText('Spawned meanwhile').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
  });
});
