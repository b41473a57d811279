import { useEffect } from 'preact/hooks';

const PAGE = 'Sessiontree';

/** Says in the title of the page what is shown, as long as it is. */
export function useTitle(words: string | undefined): void {
  useEffect(() => {
    document.title = words ? `${words} · ${PAGE}` : PAGE;
    return () => {
      document.title = PAGE;
    };
  }, [words]);
}
