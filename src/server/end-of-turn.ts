/**
 * Resolves at the end of the turn of the event loop in which it is asked, for all that ask in it together. Answers that are
 * written one right after the other wake their client once; one at a time, each write wakes it anew, and that takes longer than
 * all the rest of a small request.
 */
export function createEndOfTurn(): () => Promise<void> {
  let end: Promise<void> | null = null;
  return () => {
    end ??= new Promise<void>((resolve) => {
      setImmediate(() => {
        end = null;
        resolve();
      });
    });
    return end;
  };
}
