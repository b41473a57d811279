import { startTestServer } from '../../../test/server/running.ts';
import type { ClientOptions } from '../src/index.ts';
import { Sessiontree } from '../src/index.ts';

/** A client of a server of its own, which is stopped after the test. */
export async function openClient(options: ClientOptions = {}): Promise<Sessiontree> {
  const { url } = await startTestServer();
  return new Sessiontree(url, options);
}

/** What a failing promise was rejected with. Throws if it is not rejected. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome) return outcome.error;
  throw new Error(`Expected a rejection, got: ${JSON.stringify(outcome.value)}`);
}

/** The methods of a client, as one writes them behind `client.`. */
export function methods(): string[] {
  const client = new Sessiontree('http://localhost:4000/graphql');
  const own = (object: object) =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(object)).filter((name) => name !== 'constructor');
  return [
    ...own(client.sessions).map((name) => `sessions.${name}`),
    ...own(client.history).map((name) => `history.${name}`),
    ...own(client),
  ];
}
