import { sessionAddress } from '../address.ts';
import type { RootRowFragment } from '../generated/operations.ts';
import { age, cost, counted, nameOf } from '../parts/format.ts';
import { Link } from '../parts/link.tsx';
import { StatusMark, statusWords } from '../parts/marks.tsx';
import { visible } from '../parts/visible.ts';

export function ProjectRow({ project, costUsd }: { project: string | null; costUsd: number | null }) {
  return (
    <div class="project-row">
      <span class="cut" title={project ?? undefined}>
        {project === null ? 'No project' : visible(lastPart(project))}
      </span>
      {costUsd ? <span class="number">{cost(costUsd)} today</span> : null}
    </div>
  );
}

/** The folder's own name, of a project that is a directory. */
const lastPart = (project: string) => project.split(/[\\/]/).findLast(Boolean) ?? project;

interface Props {
  readonly root: RootRowFragment;
  readonly isSelected: boolean;
  /** Tab leads to one row of the list, and arrows to the others. */
  readonly isTabStop: boolean;
}

/** The id of the element of a tree in the list. */
export const rootRowId = (id: string) => `tree-${id}`;

/** A tree in the list. */
export function RootRow({ root, isSelected, isTabStop }: Props) {
  const { rollup, status, statusMessage } = root;
  const name = visible(nameOf(root.title, root.firstWords.nodes[0]?.content));
  const running = rollup.byStatus.find((counted) => counted.status === 'RUNNING')?.count ?? 0;
  // A tree in which something runs, runs.
  const shown = running > 0 && status !== 'WAITING' ? 'RUNNING' : status;
  const isWorthSaying = status === 'WAITING' || status === 'FAILED';
  return (
    <Link
      class="root-row"
      id={rootRowId(root.id)}
      tabIndex={isTabStop ? 0 : -1}
      to={sessionAddress(root.id, null)}
      aria-current={isSelected ? 'true' : undefined}
    >
      <StatusMark status={shown} />
      <b class="cut" title={name}>
        {name}
      </b>
      <time dateTime={rollup.lastActiveAt}>{age(rollup.lastActiveAt)}</time>
      <p class="number">
        {root.archivedAt && <span>archived</span>}
        {isWorthSaying && (
          <span>{statusWords(status) + (statusMessage ? `: ${visible(statusMessage)}` : '')}</span>
        )}
        {!isWorthSaying && root.agentName && <span class="cut">{visible(root.agentName)}</span>}
        {!isWorthSaying && <span>{counted(rollup.sessionCount, 'session')}</span>}
        {!isWorthSaying && rollup.historyLength > 0 && <span>{counted(rollup.historyLength, 'msg')}</span>}
        {!isWorthSaying && rollup.usage.costUsd !== null && <span>{cost(rollup.usage.costUsd)}</span>}
      </p>
    </Link>
  );
}
