import {
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  getArgumentValues,
  getNamedType,
  isObjectType,
  type SelectionNode,
} from 'graphql';
import { NO_TEXTS, type ShownTexts } from '../model/message.ts';
import { collectFields, isIncluded } from './collect-fields.ts';

/** What a field selects of the messages of one page or list. */
export interface Selected {
  /** The number of places in the answer where each message appears. */
  readonly places: number;
  /** Null if all selected fields are in the index. */
  readonly shown: ShownTexts | null;
}

/** Fields of a message that are in the index. All others are read from the session's file. */
const OF_INDEX = new Set(['__typename', 'id', 'session', 'position', 'role', 'createdAt']);

const NOTHING: Selected = Object.freeze({ places: 0, shown: null });
const INDEX_ONLY: Selected = Object.freeze({ places: 1, shown: null });

/**
 * What the field that is being resolved selects of messages. `typeName` is the type of its value, or of a member of its abstract
 * type. Each text is counted once per response key under which a message shows it. Selections beneath a `Session` are not counted:
 * the fields of that session look ahead for themselves.
 */
export function selectedOfMessages(info: GraphQLResolveInfo, typeName: string): Selected {
  return known(info, info.schema.getType(typeName) as GraphQLObjectType, info.fieldNodes).selected;
}

/**
 * The largest argument `first` under which the field that is being resolved selects `field` of a `typeName`; undefined if one of the
 * selections has none.
 */
export function largestFirst(info: GraphQLResolveInfo, typeName: string, field: string): number | undefined {
  const type = info.schema.getType(typeName) as GraphQLObjectType;
  const fields = new Map<string, FieldNode[]>();
  const visited = new Set<string>();
  const included = (selection: SelectionNode) => isIncluded(info.variableValues, selection);
  for (const { selectionSet } of info.fieldNodes)
    if (selectionSet) collectFields(info, included, type, selectionSet, fields, visited);
  let largest = 0;
  for (const [node] of fields.values() as Iterable<[FieldNode]>) {
    if (node.name.value !== field) continue;
    const { first } = getArgumentValues(type.getFields()[field]!, node, info.variableValues);
    if (first == null) return undefined;
    largest = Math.max(largest, first as number);
  }
  return largest;
}

interface Known {
  readonly nodes: readonly FieldNode[];
  readonly selected: Selected;
  /** True if no directive and no argument of a message stands beneath: the result is the same for all variables. */
  readonly isFixed: boolean;
}

/** By the first node of a field: the latest result. So the time for a document whose fragments multiply is linear in its length. */
const fixed = new WeakMap<FieldNode, Known>();
/**
 * The same of fields with directives beneath, by the variables of a request. Keyed by node first, a cached document would retain the
 * variables of its last request.
 */
const ofVariables = new WeakMap<GraphQLResolveInfo['variableValues'], Map<FieldNode, Known>>();

function known(info: GraphQLResolveInfo, type: GraphQLObjectType, nodes: readonly FieldNode[]): Known {
  const { variableValues: variables } = info;
  const [first] = nodes as [FieldNode];
  const always = fixed.get(first);
  if (always && areSame(always.nodes, nodes)) return always;
  const last = ofVariables.get(variables)?.get(first);
  if (last && areSame(last.nodes, nodes)) return last;
  const found = look(info, type, nodes);
  if (found.isFixed) fixed.set(first, found);
  else {
    const ofRequest = ofVariables.get(variables) ?? new Map<FieldNode, Known>();
    ofVariables.set(variables, ofRequest.set(first, found));
  }
  return found;
}

function look(info: GraphQLResolveInfo, type: GraphQLObjectType, nodes: readonly FieldNode[]): Known {
  const fields = new Map<string, FieldNode[]>();
  const visited = new Set<string>();
  let isFixed = true;
  const included = (selection: SelectionNode) => {
    if (selection.directives?.length) isFixed = false;
    return isIncluded(info.variableValues, selection);
  };
  for (const { selectionSet } of nodes)
    if (selectionSet) collectFields(info, included, type, selectionSet, fields, visited);
  if (type.name === 'Message') {
    for (const [node] of fields.values()) if (node!.arguments?.length) isFixed = false;
    return { nodes, selected: ofMessage(info, type, fields), isFixed };
  }
  let sum = NOTHING;
  for (const group of fields.values()) {
    const name = group[0]!.name.value;
    const inner = getNamedType(type.getFields()[name]?.type);
    if (!isObjectType(inner) || inner.name === 'Session') continue;
    const beneath = known(info, inner, group);
    sum = together(sum, beneath.selected);
    isFixed &&= beneath.isFixed;
  }
  return { nodes, selected: sum, isFixed };
}

function ofMessage(
  { variableValues }: GraphQLResolveInfo,
  type: GraphQLObjectType,
  fields: ReadonlyMap<string, readonly FieldNode[]>,
): Selected {
  const counts = { ...NO_TEXTS, contentCuts: [] as number[] };
  let isRead = false;
  for (const [node] of fields.values() as Iterable<[FieldNode]>) {
    const name = node.name.value;
    isRead ||= !OF_INDEX.has(name);
    const maxLength =
      name === 'content' && node.arguments?.length ? maxLengthOf(type, node, variableValues) : null;
    if (maxLength !== null) counts.contentCuts.push(maxLength);
    else if (isCounted(name)) counts[name] += 1;
  }
  return isRead ? { places: 1, shown: counts } : INDEX_ONLY;
}

function isCounted(name: string): name is Exclude<keyof ShownTexts, 'contentCuts'> {
  return name in NO_TEXTS;
}

function maxLengthOf(
  type: GraphQLObjectType,
  node: FieldNode,
  variables: GraphQLResolveInfo['variableValues'],
): number | null {
  const { maxLength } = getArgumentValues(type.getFields()[node.name.value]!, node, variables);
  return (maxLength as number | null | undefined) ?? null;
}

function together(one: Selected, other: Selected): Selected {
  const places = one.places + other.places;
  if (!one.shown || !other.shown) return { places, shown: one.shown ?? other.shown };
  return {
    places,
    shown: {
      content: one.shown.content + other.shown.content,
      contentCuts: [...one.shown.contentCuts, ...other.shown.contentCuts],
      reasoning: one.shown.reasoning + other.shown.reasoning,
      toolCalls: one.shown.toolCalls + other.shown.toolCalls,
      payload: one.shown.payload + other.shown.payload,
      metadata: one.shown.metadata + other.shown.metadata,
    },
  };
}

function areSame(some: readonly FieldNode[], others: readonly FieldNode[]): boolean {
  return some === others || (some.length === others.length && some.every((node, n) => node === others[n]));
}
