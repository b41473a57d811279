import { type GraphQLObjectType, getNamedType, isLeafType, isObjectType, isRequiredArgument } from 'graphql';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { schema } from '../../../src/schema/index.ts';
import { createApi } from '../../support/api.ts';

/** How deep the answers of other objects go. */
const LEVELS = 2;
/** Cursors name the store, and the order in which it wrote sessions; edges have the same nodes. */
const OF_THE_STORE = new Set(['edges', 'pageInfo']);

/** All fields of a type, as far as they need no arguments. Lists have all their nodes. */
function selectionOf(type: GraphQLObjectType, levels = LEVELS): string {
  const fields = Object.values(type.getFields())
    .filter(({ name, args }) => !OF_THE_STORE.has(name) && !args.some(isRequiredArgument))
    .flatMap(({ name, args, type: of }) => {
      const named = getNamedType(of);
      const all = args.some((arg) => arg.name === 'first') ? `${name}(first: 500)` : name;
      if (isLeafType(named)) return [name];
      if (!isObjectType(named)) return [];
      const isConnection = named.name.endsWith('Connection');
      if (levels === 0 && !isConnection) return [];
      // The nodes of a list, and another session, are described where they are nodes themselves.
      if (isConnection && named.name === 'SessionConnection') return [`${all} { totalCount nodes { id } }`];
      if (named.name === 'Session') return [`${name} { id }`];
      return [`${all} { ${selectionOf(named, isConnection ? levels : levels - 1)} }`];
    });
  return [...fields, '__typename'].join(' ');
}

const SESSION = `query ($id: ID!) { session(id: $id) { ${selectionOf(schema.getType('Session') as GraphQLObjectType)} } }`;
const REPORT = `{ usageReport(by: [DAY, MODEL, USER, PROJECT, AGENT, STATUS, ROOT]) {
  ${selectionOf(schema.getType('UsageGroup') as GraphQLObjectType)}
} }`;

/** Every field of the API of some sessions, and the usage of the store. */
export async function allFieldsOf(repository: SessionRepository, ids: readonly string[]): Promise<unknown[]> {
  const api = createApi(repository);
  const answers = [await api.send(REPORT)];
  for (const id of ids) answers.push(await api.send(SESSION, { id }));
  const failed = answers.find(({ errors }) => errors);
  if (failed) throw new Error(JSON.stringify(failed.errors));
  const text = JSON.stringify(answers, (name, value) => (name === 'forks' ? inOrderOfIds(value) : value));
  return (JSON.parse(text) as { readonly data: unknown }[]).map(({ data }) => data);
}

/** Forks that were created at one time are in the order of their arrival in the store. */
function inOrderOfIds({ nodes, ...rest }: { readonly nodes: readonly { readonly id: string }[] }): object {
  return { ...rest, nodes: nodes.toSorted((one, other) => (one.id < other.id ? -1 : 1)) };
}
