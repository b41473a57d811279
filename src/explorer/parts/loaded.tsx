import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Notice } from './notice.tsx';

/** A component of which the code is loaded when it is first shown. Until then nothing is in its place. */
export function loaded<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  let Found: ComponentType<Props> | null = null;
  return function Loaded(props: Props) {
    const [, setFound] = useState(Found !== null);
    const [fault, setFault] = useState<Error | null>(null);
    const read = async () => {
      setFault(null);
      try {
        Found = await load();
        setFound(true);
      } catch (error) {
        setFault(error as Error);
      }
    };
    useEffect(() => {
      if (!Found) void read();
    }, []);
    if (Found) return <Found {...props} />;
    if (!fault) return null;
    return (
      <Notice title="A part of the page could not be loaded" onRetry={() => void read()}>
        <p>{fault.message}</p>
      </Notice>
    );
  };
}
