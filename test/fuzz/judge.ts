import type { Answer } from '../attacks/client.ts';
import { showsInside } from '../attacks/inside.ts';
import type { FuzzUser } from './user.ts';

const BUGS = /"INTERNAL|InternalError/;
/** The first of the errors of an answer has a message and places, and no extensions. */
const WITHOUT_CODE = /"errors":\[\{"message":"(?:[^"\\]|\\.)*"(?:,"(?:locations|path)":\[[^\]]*\])*\}/;

/** Says what is wrong with answers. */
export class Judge {
  readonly #users: readonly FuzzUser[];
  readonly #directory: string;
  readonly #faults = new Map<string, number>();
  /** How many answers of each kind there were. */
  readonly counts = new Map<string, number>();

  constructor(users: readonly FuzzUser[], directory: string) {
    this.#users = users;
    this.#directory = directory;
  }

  get faults(): string[] {
    return [...this.#faults].map(([fault, count]) => `${count} × ${fault}`);
  }

  fault(what: string): void {
    this.#faults.set(what, (this.#faults.get(what) ?? 0) + 1);
  }

  /** An answer over HTTP. `sent` is all of the request, `as` the user whose token it had. */
  answer(sent: string, as: FuzzUser | null, { status, code, text, headers }: Answer): void {
    this.#count(`${status ?? ''} ${code}`.trim());
    const about = `${status} ${code} to ${sent.slice(0, 600)}: ${text.slice(0, 300)}`;
    if (code === 'silent') this.fault(`no answer, ${about}`);
    if (status === 500) this.fault(`a 500, ${about}`);
    if (status !== null && status >= 400 && text !== '' && code === 'without code')
      this.fault(`a refusal without a code, ${about}`);
    this.text(sent, as, `${JSON.stringify(headers)}\n${text}`);
  }

  /** What came to a user on any way, or to nobody in particular. */
  text(sent: string, as: FuzzUser | null, text: string): void {
    const about = `to ${as?.name ?? 'nobody'}, after ${sent.slice(0, 600)}`;
    if (BUGS.test(text)) this.fault(`a bug, ${about}: ${text.slice(0, 500)}`);
    if (showsInside(text, this.#directory)) this.fault(`the inside, ${about}: ${text.slice(0, 500)}`);
    if (WITHOUT_CODE.test(text)) this.fault(`an error without a code, ${about}: ${text.slice(0, 500)}`);
    const whole = `${text}\n${decoded(text)}`;
    for (const other of this.#users) {
      if (other === as) continue;
      if (whole.includes(other.token.slice(-30))) this.fault(`the token of ${other.name}, ${about}`);
      if (!whole.includes(other.mark)) continue;
      for (const [seen] of whole.matchAll(new RegExp(`[\\w.-]*${other.mark}[\\w.-]*`, 'g')))
        if (!other.known.includes(seen) && !sent.includes(seen))
          this.fault(`${other.name}'s "${seen}", ${about}: ${text.slice(0, 500)}`);
    }
  }

  /** The log: it may have ids, and neither tokens nor contents. */
  log(text: string): void {
    for (const { name, token, mark } of this.#users) {
      if (text.includes(token.slice(-30))) this.fault(`the log has the token of ${name}`);
      if (text.includes(`${mark} says`)) this.fault(`the log has what ${name} says`);
    }
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}

/** What is in the cursors of an answer. */
function decoded(text: string): string {
  return [...text.matchAll(/[A-Za-z0-9_-]{16,}/g)]
    .map(([found]) => Buffer.from(found, 'base64url').toString('latin1'))
    .join('\n');
}
