import type { DumpedAnswer, DumpedOperation, OrdinalRun } from '../dump.ts';
import type { OperationAnswer } from '../records/record.ts';
import type { AppliedOperation } from '../records/session-state.ts';

/** What an operation says that was copied from another store; undefined for one of this store. */
export function originalOf({
  answer,
}: Pick<AppliedOperation, 'answer'>): OperationAnswer['original'] | undefined {
  return answer === null ? undefined : (JSON.parse(answer) as OperationAnswer).original;
}

/** The answer that a store records for an operation of another one. */
export function copiedAnswer(operation: DumpedOperation): OperationAnswer {
  const { at, ordinal, position, answer, dropped, deletedIds, changedIds, formerParentId } = operation;
  return {
    isNew: answer?.isNew || undefined,
    removedCount: answer?.removedCount,
    messages: answer?.messages ?? undefined,
    original: {
      at: at.toISOString(),
      ordinal: ordinal ?? undefined,
      position: position ?? undefined,
      dropped: dropped.length > 0 ? dropped : undefined,
      deletedIds: deletedIds.length > 0 ? deletedIds : undefined,
      changedIds: changedIds.length > 0 ? changedIds : undefined,
      formerParentId: formerParentId ?? undefined,
    },
  };
}

/** The answer of a recorded operation in a dump; null if all follows from its place. */
export function dumpedAnswer(answer: OperationAnswer | null): DumpedAnswer | null {
  if (answer === null || (answer.original !== undefined && answer.removedCount === undefined)) return null;
  return {
    isNew: answer.isNew ?? false,
    removedCount: answer.removedCount ?? 0,
    messages: answer.messages ?? null,
  };
}

/** What an operation changed, in a dump of a store that has it as a copy itself. */
export function dumpedOriginal(
  original: NonNullable<OperationAnswer['original']>,
): Pick<DumpedOperation, 'dropped' | 'deletedIds' | 'changedIds' | 'formerParentId'> {
  return {
    dropped: (original.dropped ?? []) as readonly (readonly number[])[] as readonly OrdinalRun[],
    deletedIds: original.deletedIds ?? [],
    changedIds: original.changedIds ?? [],
    formerParentId: original.formerParentId ?? null,
  };
}
