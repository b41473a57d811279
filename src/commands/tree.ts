import type { Session, SessionTree, Sessiontree } from '@sessiontree/client';
import { Command, InvalidArgumentError, Option } from 'commander';
import { SessionNotFoundError } from '../model/errors.ts';
import { paintFor } from '../server/pretty-line.ts';
import { callServer, tokenOption, urlOption } from './call-server.ts';
import { CommandError } from './command-error.ts';
import { drawTree } from './draw-tree.ts';
import { print } from './print.ts';
import { isUtf8 } from './terminal-text.ts';
import { preOrder, treeUsage } from './tree-usage.ts';
import { untilInterrupted } from './until-interrupted.ts';
import { redraw, watchTree } from './watch-tree.ts';

interface TreeFlags {
  readonly url: string;
  readonly token?: string;
  readonly owner?: string;
  readonly depth?: number;
  readonly cost?: boolean;
  readonly ascii?: boolean;
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** `sessiontree tree ID`: draws a session and all beneath it. */
export function treeCommand(): Command {
  return new Command('tree')
    .description('Draw a session and all beneath it, as a running server has them.')
    .argument('<id>', 'the id of the session, or key:KEY')
    .addOption(urlOption())
    .addOption(tokenOption())
    .option(
      '--owner <userId>',
      'for key:KEY: the user of the root of the tree; by default, it belongs to nobody',
    )
    .option('--depth <levels>', 'how many levels beneath the session to show', parseDepth)
    .option('--cost', 'show tokens and cost: of each session, and of its tree with all beneath it')
    .option('--ascii', 'draw with ASCII characters only; the default where the locale is not UTF-8')
    .addOption(new Option('--json', 'write one JSON line per session, in pre-order').conflicts('watch'))
    .option('--watch', 'draw the tree again whenever it changes, until SIGINT (Ctrl-C)')
    .addHelpText(
      'after',
      `\nColours are for terminals, unless NO_COLOR is set. Exit code: 0 if the tree was shown, 1 otherwise.`,
    )
    .action((id: string, flags: TreeFlags) =>
      callServer(flags, async (client) => {
        const tree = await readTree(client, id, flags).catch((error) => {
          throw error instanceof SessionNotFoundError ? new CommandError(withAdvice(error, id)) : error;
        });
        if (flags.json) await print(jsonLines(tree, flags));
        else if (flags.watch) await untilInterrupted((signal) => watch(client, tree.id, flags, signal));
        else await print(await drawnLines(client, tree, flags));
      }),
    );
}

function watch(client: Sessiontree, id: string, flags: TreeFlags, signal: AbortSignal): Promise<void> {
  const { stdout } = process;
  const words = new Map<string, string>();
  const draw = async () => {
    const lines = await drawnLines(client, await readTree(client, id, flags), flags, words);
    if (stdout.isTTY) redraw(stdout, lines);
    else await print([...lines, '\n']);
  };
  return watchTree(client, id, draw, signal);
}

function parseDepth(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new InvalidArgumentError('Expected a whole number of levels, 0 or more.');
  return Number(text);
}

const KEY = /^key:/;

/** A whole tree if costs are added up, else as deep as it is shown. */
async function readTree(
  client: Sessiontree,
  idOrKey: string,
  { depth, cost, owner }: TreeFlags,
): Promise<SessionTree> {
  const key = KEY.test(idOrKey) ? idOrKey.replace(KEY, '') : null;
  const id = key === null ? idOrKey : (await client.sessions.get({ key, ownerId: owner }))?.id;
  const maxDepth = cost || depth === undefined ? undefined : Math.max(1, depth);
  const tree = id === undefined ? null : await client.sessions.tree(id, { maxDepth });
  if (tree === null) throw new SessionNotFoundError(key === null ? idOrKey : null, key);
  return tree;
}

/** Queries show keys, too: one that is given in the place of an id is told apart by "key:". */
function withAdvice({ message }: SessionNotFoundError, idOrKey: string): string {
  if (KEY.test(idOrKey)) return message;
  return `${message} Expected an id; if this is a key, write "key:${idOrKey}", with --owner if the tree belongs to a user.`;
}

function* jsonLines(tree: SessionTree, flags: TreeFlags): Generator<string> {
  const totals = flags.cost ? treeUsage(tree) : null;
  for (const { children: _, ...session } of preOrder(tree, flags.depth))
    yield `${JSON.stringify(totals ? { ...session, treeUsage: totals.get(session.id) } : session)}\n`;
}

/** `words` keeps the first words of sessions from one drawing to the next. */
async function drawnLines(
  client: Sessiontree,
  tree: SessionTree,
  flags: TreeFlags,
  words = new Map<string, string>(),
): Promise<string[]> {
  const { stdout, env, platform } = process;
  const untitled = [...preOrder(tree, flags.depth)].filter(({ title }) => !title?.trim());
  await readFirstWords(client, untitled, words);
  const lines = drawTree(tree, {
    depth: flags.depth,
    hasCost: flags.cost,
    isAscii: flags.ascii ?? !isUtf8(env, platform),
    columns: stdout.isTTY ? stdout.columns : undefined,
    words,
    now: Date.now(),
    paint: paintFor(stdout),
  });
  return lines.map((line) => `${line}\n`);
}

const FIRST_WORDS =
  'query FirstWords($ids: [ID!]!) { nodes(ids: $ids) { ... on Session { id history(first: 1, roles: [USER]) { nodes { content(maxLength: 200) } } } } }';
const IDS_A_REQUEST = 500;

/** Adds the beginning of the first user message of each session that has one to `words`, by the id of the session. */
async function readFirstWords(
  client: Sessiontree,
  sessions: readonly Session[],
  words: Map<string, string>,
): Promise<void> {
  interface Answer {
    readonly nodes: readonly ({
      readonly id: string;
      readonly history: { readonly nodes: readonly { readonly content: string }[] };
    } | null)[];
  }
  const ids = sessions.map(({ id }) => id).filter((id) => !words.has(id));
  while (ids.length > 0) {
    const { nodes } = await client.request<Answer>(FIRST_WORDS, { ids: ids.splice(0, IDS_A_REQUEST) });
    for (const node of nodes) {
      const content = node?.history.nodes[0]?.content;
      if (node && content) words.set(node.id, content);
    }
  }
}
