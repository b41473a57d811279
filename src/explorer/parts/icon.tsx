import type { ComponentChildren } from 'preact';

interface Props {
  /** In pixels, and in the units of the lines. Default: 14. */
  readonly size?: number;
  /** How thick its lines are. Default: 1.5. */
  readonly stroke?: number;
  readonly children?: ComponentChildren;
}

/** A drawing of lines, in the colour of the text. What it stands for is said beside it. */
export function Icon({ size = 14, stroke = 1.5, children }: Props) {
  return (
    <svg
      width={size}
      height={size}
      viewBox={`0 0 ${size} ${size}`}
      fill="none"
      stroke="currentColor"
      stroke-width={stroke}
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}
