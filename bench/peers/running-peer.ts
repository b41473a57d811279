import type { RunningPeer } from './peer.ts';
import type { ServerProcess } from './server-process.ts';

type Load = Parameters<RunningPeer['load']>;

/** The functions that make a peer of another project's server. */
export interface PeerParts<Loaded> {
  readonly name: string;
  readonly url: string;
  readonly server: ServerProcess;
  load(...args: Load): Promise<Loaded>;
  operations(loaded: Loaded): ReturnType<RunningPeer['operations']>;
}

/** A running server as a peer. Its operations use the data that was loaded into it. */
export function runningPeer<Loaded>({ name, url, server, ...parts }: PeerParts<Loaded>): RunningPeer {
  let loaded: { readonly value: Loaded } | undefined;
  return {
    url,
    pid: server.pid,
    version: (server.ready as { version: string }).version,
    missing: {},
    async load(...args) {
      loaded = { value: await parts.load(...args) };
    },
    operations() {
      if (!loaded) throw new Error(`${name}: expected load() before operations().`);
      return parts.operations(loaded.value);
    },
    stop: () => server.stop(),
  };
}
