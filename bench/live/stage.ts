import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Audience } from './audience.ts';
import type { Contender, RunningServer } from './contender.ts';
import { Writer } from './writer.ts';

/**
 * Milliseconds that one change may take to reach all subscribers, at first and at most. A subscription can begin late, and miss a change: a
 * further one is written then, and has twice the time.
 */
const FIRST_DELIVERY = 500;
const FIRST_DELIVERY_MAX = 60_000;

/** A running server with a writer and subscribers. */
export class Stage {
  readonly contender: Contender;
  readonly server: RunningServer;
  readonly writer: Writer;
  readonly #audiences: Audience[] = [];

  private constructor(contender: Contender, server: RunningServer) {
    this.contender = contender;
    this.server = server;
    this.writer = new Writer(server.url, server.changeOf);
  }

  /** Starts a server in a directory of its own below `directory`. */
  static async set(contender: Contender, directory: string, name: string): Promise<Stage> {
    const own = join(directory, `${contender.name}-${name}`);
    mkdirSync(own, { recursive: true });
    return new Stage(contender, await contender.start(own));
  }

  /** Opens subscribers. Resolves once each of them has got a change. */
  async open(subscribers: number): Promise<Audience> {
    const { contender, server, writer } = this;
    const audience = await Audience.open(server.subscription(contender.transport), subscribers);
    this.#audiences.push(audience);
    for (let wait = FIRST_DELIVERY; wait <= FIRST_DELIVERY_MAX; wait *= 2) {
      await audience.record(writer.next, 1);
      await writer.write(1, 1, 1);
      if (await audience.hasDelivered(1, wait)) return audience;
    }
    throw new Error(
      `${contender.name}: expected a change to reach ${subscribers} subscribers, and some did not get it.`,
    );
  }

  async close(): Promise<void> {
    for (const audience of this.#audiences.splice(0)) await audience.close();
    this.writer.close();
    await this.server.stop();
  }
}

/** Sets a stage for each contender, and closes all at the end of `work`. */
export async function onStages<Value>(
  contenders: readonly Contender[],
  directory: string,
  name: string,
  work: (stages: readonly Stage[]) => Promise<Value>,
): Promise<Value> {
  const stages: Stage[] = [];
  try {
    for (const contender of contenders) stages.push(await Stage.set(contender, directory, name));
    return await work(stages);
  } finally {
    for (const stage of stages) await stage.close();
  }
}
