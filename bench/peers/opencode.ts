import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { opencodeBinary } from './opencode/binary.ts';
import { DIRECTORIES, loadOpencode } from './opencode/load.ts';
import { opencodeOperations } from './opencode/operations.ts';
import type { Peer } from './peer.ts';
import { runningPeer } from './running-peer.ts';
import { freePort, startServerProcess } from './server-process.ts';

/**
 * `opencode serve`. It stores sessions in SQLite, in WAL mode with `synchronous = NORMAL`: an answered write survives
 * the end of the process, and may be lost in a power cut.
 */
export const opencode: Peer = {
  name: 'opencode',
  async start(directory) {
    const environment = environmentOf(directory);
    for (const name of DIRECTORIES) mkdirSync(join(directory, name), { recursive: true });
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const server = await startServerProcess({
      name: this.name,
      file: opencodeBinary(environment),
      arguments: [
        'serve',
        '--pure',
        '--log-level',
        'ERROR',
        '--hostname',
        '127.0.0.1',
        '--port',
        String(port),
      ],
      directory,
      environment,
      readyUrl: `${url}/global/health`,
    });
    return runningPeer({
      name: this.name,
      url,
      server,
      load: (fixture, client, progress) => loadOpencode(directory, fixture, client, progress),
      operations: opencodeOperations,
    });
  },
};

/** With these variables it calls no other server, and writes only below the directory. */
function environmentOf(directory: string): Record<string, string> {
  const home = join(directory, 'home');
  const temporary = join(directory, 'tmp');
  for (const path of [home, temporary]) mkdirSync(path, { recursive: true });
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    XDG_DATA_HOME: join(home, 'data'),
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_STATE_HOME: join(home, 'state'),
    TMPDIR: temporary,
    OPENCODE_DISABLE_AUTOUPDATE: 'true',
    OPENCODE_DISABLE_MODELS_FETCH: 'true',
    OPENCODE_DISABLE_LSP_DOWNLOAD: 'true',
    OPENCODE_DISABLE_DEFAULT_PLUGINS: 'true',
    OPENCODE_DISABLE_PROJECT_CONFIG: 'true',
    OPENCODE_DISABLE_EXTERNAL_SKILLS: 'true',
    OPENCODE_DISABLE_CLAUDE_CODE: 'true',
    OPENCODE_DISABLE_SHARE: 'true',
  };
}
