import { open, stat } from 'node:fs/promises';
import type { JsonObject } from '../../model/json.ts';
import { readLines } from '../lines.ts';
import { textIn } from '../source-json.ts';
import { parseRolloutLine, type RolloutLine, withRest } from './rollout-line.ts';

/** A rollout, of which the first lines have been read. */
export interface RolloutFile {
  readonly path: string;
  readonly bytes: number;
  readonly mtimeMs: number;
  /** The payload of the first line. */
  readonly meta: JsonObject;
  readonly id: string;
  /** The thread that a second `session_meta` names: that of the lines that were copied from there. */
  readonly copiedFrom: string | null;
}

/** The name of a rollout: `rollout-2026-11-28T19-46-56-<id>.jsonl`, or the same compressed. */
export function isRolloutName(name: string): boolean {
  return /^rollout-.+\.jsonl(?:\.zst)?$/.test(name);
}

/** Reads the first two lines. Null: the file does not begin with a `session_meta`. */
export async function readRolloutFile(path: string): Promise<RolloutFile | null> {
  const { size, mtimeMs } = await stat(path);
  const [first, second] = await firstLines(path, 2);
  const id = first?.type === 'session_meta' ? textIn(first.payload.id) : null;
  if (!first || id === null) return null;
  const other = second?.type === 'session_meta' ? textIn(second.payload.id) : null;
  const copiedFrom = other === id ? null : other;
  return { path, bytes: size, mtimeMs, meta: withRest(first.payload, first.rest), id, copiedFrom };
}

async function firstLines(path: string, count: number): Promise<(RolloutLine | null)[]> {
  const found: (RolloutLine | null)[] = [];
  for await (const lines of readLines(path)) {
    found.push(...lines.slice(0, count - found.length).map(parseRolloutLine));
    if (found.length >= count) break;
  }
  return found;
}

/** Whether a file of this name can be one, from its first bytes. */
export async function beginsAsRollout(path: string): Promise<boolean> {
  if (path.endsWith('.zst')) return true;
  await using file = await open(path);
  const head = Buffer.alloc(256);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  return head.subarray(0, bytesRead).includes('"session_meta"');
}
