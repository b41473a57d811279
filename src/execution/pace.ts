import { type DocumentNode, visit } from 'graphql';

/** Fields that are put into an answer in one turn of the event loop, by a plan and by graphql-js: some milliseconds of work. */
const FIELDS_AT_ONCE = { PLAN: 100_000, GRAPHQL_JS: 20_000 };

/** A field that holds an object takes as long as so many leaf fields: it may be resolved by a promise. */
const FIELDS_PER_OBJECT = 10;

/** The objects of lists that are put into an answer in one turn: the more fields a document has, the fewer. */
export function objectsAtOnce(document: DocumentNode, executor: keyof typeof FIELDS_AT_ONCE): number {
  let fields = 0;
  visit(document, {
    Field({ selectionSet }) {
      fields += selectionSet ? FIELDS_PER_OBJECT : 1;
    },
  });
  return Math.ceil(FIELDS_AT_ONCE[executor] / fields);
}
