import SchemaBuilder, { type FieldRef } from '@pothos/core';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { SchemaContext } from './context.ts';

export interface SchemaTypes {
  Context: SchemaContext;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    JSON: { Input: JsonValue; Output: JsonValue };
    JSONObject: { Input: JsonObject; Output: JsonObject };
    SafeInt: { Input: number; Output: number };
  };
}

export const builder = new SchemaBuilder<SchemaTypes>({ defaultFieldNullability: false });

/** Makes the fields of an input type: for fields that several inputs share. */
export type InputFields = PothosSchemaTypes.InputFieldBuilder<
  PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>,
  'InputObject'
>;

/** Makes the fields of an object type: for fields that several payloads share. */
export type PayloadFields<Payload> = PothosSchemaTypes.ObjectFieldBuilder<
  PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>,
  Payload
>;

/** Fields that several payloads share, by name. The type is named because the declarations of the package cannot contain an inferred one. */
export type SharedFields<Name extends string> = Readonly<
  Record<Name, FieldRef<PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>>>
>;

builder.queryType({ description: 'All reads. A read changes nothing, not even `lastActiveAt`.' });
builder.mutationType({
  description:
    'All changes. A mutation is durable before it answers. The answer is a payload or a typed error.',
});
builder.subscriptionType({
  description:
    'What happens from now on, over server-sent events or WebSocket. A subscription reads what it sends when its client takes it: a ' +
    'slow client gets fewer and larger events.',
});
