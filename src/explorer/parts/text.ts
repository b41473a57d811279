import { useEffect, useState } from 'preact/hooks';

/** A text that a person types into a field: drawing the page again does not take it away, until `value` itself changes. */
export function useText(value: string): readonly [text: string, setText: (text: string) => void] {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  return [text, setText];
}
