import { useEffect, useState } from 'preact/hooks';
import { ask } from '../api/client.ts';
import type { TypedDocumentString } from '../generated/operations.ts';

/** What a query answered so far. */
export interface Asked<Data> {
  /** Null until these variables were answered. What is there stays while it is read again, and where that fails. */
  readonly data: Data | null;
  readonly error: Error | null;
  readonly retry: () => void;
}

/** Asks a query when a component is first shown, and again when its variables or `change` change. */
export function useAsked<Data, Variables extends object>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
  change: unknown = null,
): Asked<Data> {
  const key = JSON.stringify(variables);
  const [answer, setAnswer] = useState<{ readonly key: string; readonly data: Data } | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    setError(null);
    ask(document, variables, abort.signal).then(
      (data) => setAnswer({ key, data }),
      (fault: Error) => {
        if (!abort.signal.aborted) setError(fault);
      },
    );
    return () => abort.abort();
  }, [document, key, change, tries]);
  return { data: answer?.key === key ? answer.data : null, error, retry: () => setTries(tries + 1) };
}
