import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { NewMessage } from '../../../../src/model/message.ts';

/** One token, as search has it, without parts, with which it would share its first letters there; and a text that JSON escapes. */
export const TOKEN = 'zqleakedtokenvx';
export const ODD = 'pä"ss\\wörd\n🔑';
export const leak = (more: Partial<NewMessage> = {}): NewMessage => ({
  role: 'ASSISTANT',
  content: `it is ${TOKEN} or ${ODD}`,
  reasoning: TOKEN,
  name: TOKEN,
  toolCalls: [{ toolCallId: 'c', name: 't', arguments: { [TOKEN]: ODD } }],
  payload: { text: ODD, of: TOKEN },
  metadata: { [ODD]: TOKEN },
  ...more,
});

const NEEDLES = [TOKEN, ODD, JSON.stringify(ODD).slice(1, -1)].flatMap((text) => [
  Buffer.from(text),
  Buffer.from(text, 'utf16le'),
]);

/** The files of a directory, by their names there, that hold a secret. */
export function leaks(directory: string): string[] {
  return (readdirSync(directory, { recursive: true }) as string[])
    .filter((name) => {
      const bytes = bytesOf(join(directory, name));
      return bytes !== null && NEEDLES.some((needle) => bytes.includes(needle));
    })
    .sort();
}

/** Null for what is no file, or is gone: a store that is open removes parts of its journal in the background. */
function bytesOf(path: string): Buffer | null {
  try {
    return statSync(path).isFile() ? readFileSync(path) : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
