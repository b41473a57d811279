import type { GraphQLResolveInfo } from 'graphql';
import { ignoreRejections, type Place, type Run } from './run.ts';

/** The `info` of a resolver. Its members are computed when they are read: most resolvers read none. */
export class PlannedInfo implements GraphQLResolveInfo {
  readonly #place: Place;
  readonly #run: Run;

  constructor(place: Place, run: Run) {
    this.#place = place;
    this.#run = run;
  }

  get fieldName() {
    return this.#place.slot.field.definition.name;
  }

  get fieldNodes() {
    return this.#place.slot.field.nodes;
  }

  get returnType() {
    return this.#place.slot.field.definition.type;
  }

  get parentType() {
    return this.#place.slot.field.parentType;
  }

  get path() {
    return this.#place.path;
  }

  get schema() {
    return this.#run.operationInfo.schema;
  }

  get fragments() {
    return this.#run.operationInfo.fragments;
  }

  get rootValue() {
    return this.#run.operationInfo.rootValue;
  }

  get operation() {
    return this.#run.operationInfo.operation;
  }

  get variableValues() {
    return this.#run.operationInfo.variableValues;
  }

  get getAbortSignal() {
    return this.#run.getAbortSignal;
  }

  get getAsyncHelpers() {
    return getAsyncHelpers;
  }
}

const HELPERS: ReturnType<GraphQLResolveInfo['getAsyncHelpers']> = {
  promiseAll: (values) => Promise.all(values),
  track: ignoreRejections,
};

const getAsyncHelpers = () => HELPERS;
