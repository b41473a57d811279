import type { ComponentChildren, JSX } from 'preact';
import { type Address, addressBar, formatAddress } from '../address.ts';

type Props = Omit<JSX.IntrinsicElements['a'], 'href' | 'onClick' | 'role'> & {
  readonly to: Partial<Address>;
  readonly children?: ComponentChildren;
};

/** A link within the page: it can be opened in a new tab, and copied. */
export function Link({ to, children, ...rest }: Props) {
  const open = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button !== 0) return;
    event.preventDefault();
    addressBar.go(to);
  };
  return (
    <a {...rest} href={formatAddress({ ...addressBar.now, ...to })} onClick={open}>
      {children}
    </a>
  );
}
