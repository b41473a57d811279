import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'preact/hooks';
import { addressBar, NO_FILTER, type TreesFilter } from '../address.ts';
import { access } from '../api/access.ts';
import { API_URL } from '../api/client.ts';
import { signIn } from '../api/sign-in.ts';
import { dialogs } from '../doing/dialogs.ts';
import { count } from '../parts/format.ts';
import { onKey } from '../parts/keys.ts';
import { Notice } from '../parts/notice.tsx';
import { useObservable } from '../parts/observable.ts';
import { FilterForm } from './filter-form.tsx';
import { QuarantinedFiles } from './quarantined-files.tsx';
import { ProjectRow, RootRow } from './root-row.tsx';
import type { TreesList } from './trees-list.ts';
import { useArrowKeys } from './use-arrow-keys.ts';

const PROJECT_HEIGHT = 32;
const ROOT_HEIGHT = 52;
/** A line of the example for a server that asks for a token. */
const AUTHORIZATION = `
  -H 'authorization: Bearer <your token>' \\`;
/** So many rows before the end, the next page is read. */
const AHEAD = 15;

/** The list of trees, with what it is filtered by. */
export function TreesPane({ list }: { list: TreesList }) {
  const { now } = useObservable(addressBar);
  useObservable(list);
  const { filter } = now;
  const [isFiltering, setFiltering] = useState(false);
  useEffect(() => void list.show(filter), [list, ...Object.values(filter)]);
  const filterBy = (change: Partial<TreesFilter>) =>
    addressBar.go({ filter: { ...addressBar.now.filter, ...change } }, true);
  const form = useRef<HTMLDivElement>(null);
  useEffect(
    () =>
      onKey({
        '/': () => {
          setFiltering(true);
          // Once it is there.
          requestAnimationFrame(() => form.current?.querySelector('input')?.focus());
        },
      }),
    [],
  );
  const isFiltered = Object.values(filter).some(Boolean);
  const isRunning = filter.status === 'RUNNING';
  return (
    <nav class="pane is-sunk trees-pane" aria-label="Trees">
      <div class="bar">
        <h2>Trees</h2>
        <span class="dim number">{list.total === null ? '' : count(list.total)}</span>
        <span class="grow" />
        {(list.running !== null && list.running > 0) || isRunning ? (
          <button
            type="button"
            class="chip number"
            aria-pressed={isRunning}
            onClick={() => filterBy({ status: isRunning ? null : 'RUNNING' })}
          >
            Running {list.running === null ? '' : count(list.running)}
          </button>
        ) : null}
        <button
          type="button"
          class="chip"
          aria-expanded={isFiltering}
          aria-pressed={isFiltered}
          onClick={() => setFiltering(!isFiltering)}
        >
          Filter
        </button>
        {access.mayWrite && (
          <button
            type="button"
            class="icon-button"
            aria-label="New tree"
            title="New tree"
            onClick={() => dialogs.show({ kind: 'create' })}
          >
            +
          </button>
        )}
      </div>
      <div ref={form}>
        {isFiltering && (
          <FilterForm filter={filter} onChange={filterBy} onClear={() => filterBy(NO_FILTER)} />
        )}
      </div>
      <QuarantinedFiles files={list.quarantined} />
      <Rows list={list} isFiltered={isFiltered} selected={now.rootId} />
    </nav>
  );
}

function Rows({
  list,
  isFiltered,
  selected,
}: {
  list: TreesList;
  isFiltered: boolean;
  selected: string | null;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const { rows } = list;
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (n) => (rows[n]?.kind === 'project' ? PROJECT_HEIGHT : ROOT_HEIGHT),
    getItemKey: (n) => rows[n]!.key,
    overscan: 6,
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (list.hasMore && last >= rows.length - AHEAD) void list.more();
  }, [list, list.hasMore, last, rows.length]);
  const { current, press, focus } = useArrowKeys(rows, items, (n) => virtualizer.scrollToIndex(n), selected);
  // Heights differ by kind: rows that change places change them.
  useEffect(() => virtualizer.measure(), [virtualizer, rows]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the links take the focus, and the keys lead from one to the next
    <div class="scroll" ref={scroller} onKeyDown={press} onFocusIn={focus}>
      {rows.length === 0 && <Placeholder list={list} isFiltered={isFiltered} />}
      <div class="rows" style={{ height: virtualizer.getTotalSize() }}>
        {items.map(({ index, key, start }) => {
          const row = rows[index]!;
          return (
            <div key={key} style={{ transform: `translateY(${start}px)` }}>
              {row.kind === 'project' ? (
                <ProjectRow project={row.project} costUsd={list.costToday(row.project)} />
              ) : (
                <RootRow
                  root={row.root}
                  isSelected={row.root.id === selected}
                  isTabStop={row.root.id === current}
                />
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Placeholder({ list, isFiltered }: { list: TreesList; isFiltered: boolean }) {
  if (list.error)
    return (
      <Notice title="The trees could not be read" onRetry={() => void list.show(null)}>
        <p>{list.error.message}</p>
      </Notice>
    );
  if (list.isLoading) return <div class="skeleton" role="progressbar" aria-label="Reading the trees" />;
  if (isFiltered) return <Notice title="No tree is like this" />;
  if (!access.mayWrite)
    return (
      <Notice title="No trees yet">
        <p>Those that your token lets you see appear here at once.</p>
      </Notice>
    );
  return (
    <Notice title="The store is empty">
      <p>Create a session, and this list shows it at once:</p>
      <pre>{`curl -s ${API_URL.href} \\
  -H 'content-type: application/json' \\${signIn.token === null ? '' : AUTHORIZATION}
  -d '{"query":"mutation { createSession(input: { title: \\"Plan a trip\\" }) { ... on CreateSessionPayload { session { id } } } }"}'`}</pre>
      <p>Or bring in what other programs keep: “sessiontree import --all”.</p>
    </Notice>
  );
}
