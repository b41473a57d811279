import { mkdirSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { appendDurably, createDurably } from '../measure/bare-writes.ts';
import { listen } from './listen.ts';

/** A message to the floor: the constant answer to an operation, and the number of bytes to write for it, if any. */
export interface Ready {
  readonly operationName: string;
  readonly answer: unknown;
  readonly write?: { readonly kind: 'append' | 'create'; readonly bytes: number };
}

interface Body {
  readonly operationName: string;
  readonly variables: { readonly input: { readonly sessionId: string } };
}

/** The minimum that a server of these answers must do: parse the body, write durably, serialize the constant result. */
const directory = process.argv[2]!;
const ready = new Map<string, Ready & { line: Buffer }>();
const handles = new Map<string, Promise<FileHandle>>();
let created = 0;

mkdirSync(directory, { recursive: true });
process.on('message', (told: Ready) => {
  ready.set(told.operationName, { ...told, line: Buffer.alloc(told.write?.bytes ?? 0, 'x') });
  process.send!('ready');
});

async function write({ write, line }: Ready & { line: Buffer }, { variables }: Body): Promise<void> {
  if (write?.kind === 'create') {
    created += 1;
    return createDurably(directory, `session-${created}`, line);
  }
  const { sessionId } = variables.input;
  const handle = handles.get(sessionId) ?? open(join(directory, sessionId), 'a');
  handles.set(sessionId, handle);
  return appendDurably(await handle, line);
}

async function answer(chunks: readonly Buffer[], response: ServerResponse): Promise<void> {
  const body = JSON.parse(Buffer.concat(chunks).toString()) as Body;
  const found = ready.get(body.operationName)!;
  if (found.write) await write(found, body);
  const text = JSON.stringify(found.answer);
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

const server = createServer((request: IncomingMessage, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => answer(chunks, response));
});

await listen(server, async () => {
  for (const handle of handles.values()) await (await handle).close();
});
