/** What keys do: by their names, those together with Ctrl or ⌘ with `mod+` before. */
export type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>;

const isApple = /^(Mac|iPhone|iPad|iPod)/.test(navigator.platform);

/** What a key together with ⌘ is called on Apple's systems, and together with Ctrl elsewhere. Both do the same everywhere. */
export const withMod = (key: string): string => (isApple ? `⌘${key}` : `Ctrl ${key}`);

/** Calls what a key does, unless the person types into a field. Returns a function that ends that. */
export function onKey(keys: Keys): () => void {
  const press = (event: KeyboardEvent) => {
    const isTogether = event.ctrlKey || event.metaKey;
    const { target } = event;
    const isTyping = target instanceof HTMLInputElement && target.type !== 'range';
    if (event.altKey || event.defaultPrevented || ((isTyping || isOtherField(target)) && !isTogether)) return;
    const act = keys[isTogether ? `mod+${event.key.toLowerCase()}` : event.key];
    if (!act || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    act(event);
  };
  addEventListener('keydown', press);
  return () => removeEventListener('keydown', press);
}

const isOtherField = (target: EventTarget | null) =>
  target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
