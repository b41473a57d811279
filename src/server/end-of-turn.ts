/**
 * Gives a function whose promise resolves at the end of the current turn of the event loop; all callers of one turn share a promise.
 * Answers that are written together wake the client once. Written one at a time, each wakes it anew, which costs more than the rest
 * of a small request.
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
