import { useLayoutEffect } from 'preact/hooks';

const PAGE = 'Sessiontree';

/** Says in the title of the page what is shown, as long as it is: at once, and not after the next picture. */
export function useTitle(words: string | undefined): void {
  useLayoutEffect(() => {
    document.title = words ? `${words} · ${PAGE}` : PAGE;
    return () => {
      document.title = PAGE;
    };
  }, [words]);
}
