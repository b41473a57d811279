import type { Broadcast, BroadcastListener } from '../../broadcast.ts';
import type { Channel } from './channel.ts';

/** Bytes of a piece: PostgreSQL takes payloads below 8,000 bytes, with the sender and the head of the piece. */
const PIECE_BYTES = 7_800;

/** "topic number index count piece". */
const HEAD = /^([a-z]{1,20}) (\d+) (\d+) (\d+) /;

/** What one instance has said so far of a message that comes in pieces. */
interface Unfinished {
  readonly number: string;
  readonly pieces: string[];
}

/** Messages of any length over the channel of a database: in pieces, of which none comes between those of another message. */
export class Broadcasts implements Broadcast {
  readonly #channel: Channel;
  readonly #listeners = new Map<string, Set<BroadcastListener>>();
  /** By sender. */
  readonly #unfinished = new Map<string, Unfinished>();
  #number = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
    channel.add({
      heard: (message, sender) => this.#heard(message, sender),
      hearing: () => {
        this.#unfinished.clear();
        for (const listeners of this.#listeners.values()) for (const each of listeners) each.hearing();
      },
    });
  }

  send(topic: string, message: string): void {
    this.#number += 1;
    const pieces = piecesOf(message);
    for (const [n, piece] of pieces.entries())
      this.#channel.send(`${topic} ${this.#number} ${n} ${pieces.length} ${piece}`);
  }

  listen(topic: string, listener: BroadcastListener): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    if (this.#channel.listen()) listener.hearing();
    return () => listeners.delete(listener);
  }

  #heard(text: string, sender: string): void {
    const head = HEAD.exec(text);
    if (!head) return;
    const [{ length }, topic, number, index, count] = head;
    const unfinished = index === '0' ? { number: number!, pieces: [] } : this.#unfinished.get(sender);
    // A piece was lost, or was said before this instance heard: the listener finds the gap.
    if (!unfinished || unfinished.number !== number || unfinished.pieces.length !== Number(index)) return;
    unfinished.pieces.push(text.slice(length));
    if (unfinished.pieces.length < Number(count)) {
      this.#unfinished.set(sender, unfinished);
      return;
    }
    this.#unfinished.delete(sender);
    for (const listener of this.#listeners.get(topic!) ?? []) listener.heard(unfinished.pieces.join(''));
  }
}

/** Parts of at most `PIECE_BYTES`, between characters. */
function piecesOf(message: string): string[] {
  const bytes = Buffer.from(message);
  const pieces: string[] = [];
  for (let begin = 0; begin < bytes.length || pieces.length === 0; ) {
    let end = Math.min(bytes.length, begin + PIECE_BYTES);
    while (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end -= 1;
    pieces.push(bytes.toString('utf8', begin, end));
    begin = end;
  }
  return pieces;
}
