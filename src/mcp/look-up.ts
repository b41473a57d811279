import { McpLookupDocument } from './generated/operations.ts';
import { type Call, noSession, referenceOf } from './tool.ts';

/** The id of a session that is named by its id or its key, for operations that take ids alone. Rejects with a ToolError for an unknown key. */
export async function idOf(call: Call, reference: string): Promise<string> {
  const named = referenceOf(reference);
  return 'id' in named ? named.id : (await lookUp(call, reference)).id;
}

/** Rejects with a ToolError if there is no such session. */
export async function lookUp({ client, options }: Call, reference: string) {
  const { session } = await client.request(McpLookupDocument, referenceOf(reference), options);
  if (session === null) throw noSession(reference);
  return session;
}
