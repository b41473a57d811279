import { counted } from '../parts/format.ts';
import { visible } from '../parts/visible.ts';
import type { Quarantined } from './trees-list.ts';

/** Files that the store could not read at all: no session in the list shows that they are missing. */
export function QuarantinedFiles({ files }: { files: readonly Quarantined[] }) {
  if (files.length === 0) return null;
  return (
    <details class="banner is-fault quarantined">
      <summary>{counted(files.length, 'file')} could not be read</summary>
      <dl>
        {files.map(({ path, reason }) => (
          <div key={path}>
            <dt class="mono">{visible(path)}</dt>
            <dd>{visible(reason)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
