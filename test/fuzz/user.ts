import type { Answer, Request } from '../attacks/client.ts';
import type { ServerProcess } from '../attacks/server-process.ts';
import type { Pools } from '../execution/random-query.ts';
import type { Random } from '../torture/random.ts';

/** Sessions of each user at the beginning. */
const SESSIONS = 12;

/**
 * A user of the server that is fuzzed. All ids, keys and texts of the user have the mark in them, so that whoever else is told of them is
 * found out. The others know the ids of every second session, and name them.
 */
export class FuzzUser {
  readonly name: string;
  readonly mark: string;
  readonly token: string;
  readonly ids: string[] = [];
  #made = 0;

  constructor(name: string, token: string) {
    this.name = name;
    this.mark = `${name}mark`;
    this.token = token;
  }

  get headers(): { readonly authorization: string } {
    return { authorization: `Bearer ${this.token}` };
  }

  /** The ids that the others name. */
  get known(): readonly string[] {
    return this.ids.slice(0, SESSIONS).filter((_, n) => n % 2 === 0);
  }

  send(server: ServerProcess, request: Request): Promise<Answer> {
    return server.send({ ...request, headers: { ...this.headers, ...request.headers } });
  }

  query(server: ServerProcess, document: string, variables?: unknown): Promise<Answer> {
    return server.query(document, variables, { headers: this.headers });
  }

  /** Makes sessions, with messages that differ by the mark alone from those of the others. */
  async grow(server: ServerProcess, count = SESSIONS): Promise<void> {
    // Nobody names them before they are all there.
    const made: string[] = [];
    for (let n = 0; n < count; n += 1) {
      this.#made += 1;
      const id = `${this.mark}-s${this.#made}`;
      const parent = n === 0 ? undefined : made[made.length - 1 - ((n - 1) % 3)]!;
      const said = `${this.mark} says hello ${n}`;
      const call = { toolCallId: 'call', name: `${this.mark}-tool`, arguments: { said } };
      const answer = await this.query(
        server,
        `mutation($input: WriteHistoryInput!) { writeHistory(input: $input) { __typename ... on Error { message } } }`,
        {
          input: {
            sessionId: id,
            create: {
              ...(parent && { parentId: parent }),
              title: `${this.mark} title`,
              project: `${this.mark}-p`,
            },
            metadata: { topic: this.mark },
            messages: [
              { role: 'USER', content: said, key: `${this.mark}-k0` },
              { role: 'ASSISTANT', content: said, model: `${this.mark}-m`, toolCalls: [call] },
              { role: 'TOOL', content: said, toolCallId: 'call' },
            ],
          },
        },
      );
      if (answer.code !== 'ok') throw new Error(`The fuzz could not begin: ${answer.status} ${answer.text}`);
      made.push(id);
    }
    this.ids.push(...made);
  }

  /** Values for requests of this user. `cursors` are of all users. */
  pools(others: readonly FuzzUser[], cursors: readonly string[], operation: 'query' | 'mutation'): Pools {
    const { mark } = this;
    const foreign = others.flatMap(({ known }) => known);
    const fresh = Array.from({ length: 4 }, (_, n) => `${mark}-n${this.#made + n}`);
    this.#made += fresh.length;
    const ids = [...this.ids.slice(-SESSIONS), ...foreign];
    const words = [
      `${mark} says`,
      mark,
      `${mark}-k0`,
      `${mark}-p`,
      'hello',
      'call',
      '__proto__',
      '"',
      '*',
      '',
    ];
    const guesses = others.flatMap((other) => [`${other.mark}-k0`, `${other.mark}-p`, other.name]);
    return {
      ID: [...ids, ...ids.map((id) => `${id}:${this.#made % 3}`), ...fresh, `${mark}-op`, 'no id!', ''],
      // What a mutation stores must not have another's mark: it would be found later, and be one's own.
      String: operation === 'query' ? [...words, ...guesses] : [...words, ...fresh],
      cursors: [...cursors, 'x', ''],
    };
  }
}

export function tapeOf(random: Random): number[] {
  return Array.from({ length: 10 + random.below(250) }, () => random.below(10_000));
}
