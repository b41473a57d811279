import SchemaBuilder from '@pothos/core';
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

builder.queryType({ description: 'What can be read. Reading changes nothing, not even `lastActiveAt`.' });
builder.mutationType({
  description:
    'What can be changed. Each mutation is on the disk when it answers, and answers with a payload or with a typed error.',
});
