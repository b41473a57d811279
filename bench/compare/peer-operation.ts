import type { Case } from './cases.ts';
import type { ReachedPeer } from './running.ts';
import type { Operation } from './subject.ts';

/** The operation of a peer in a case, or the reason why there is none. */
export function peerOperation(
  { running, operations, connection }: ReachedPeer,
  one: Case,
): Operation | string {
  if (one.peerCase === undefined) return 'not measured there';
  const operation = operations[one.peerCase];
  if (!operation) return running.missing[one.peerCase] ?? 'no such thing there';
  if (operation.kind === 'walk') return { kind: 'walk', walk: () => walk(operation.run(connection), one) };
  const check = (body: string) => operation.check(JSON.parse(body));
  return {
    kind: 'request',
    next: operation.next,
    isFixed: false,
    check,
    accepts(body) {
      try {
        check(body);
        return true;
      } catch {
        return false;
      }
    },
  };
}

async function walk(run: Promise<number>, one: Case): Promise<void> {
  const count = await run;
  // The answer also contains the session whose history it pages.
  if (one.measure.kind === 'time' && one.peerCase?.startsWith('tree') && count !== one.ids) {
    throw new Error(`Case ${one.id}: expected ${one.ids} sessions, got ${count}.`);
  }
}
