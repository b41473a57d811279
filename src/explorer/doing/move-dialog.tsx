import { useEffect, useState } from 'preact/hooks';
import { ask } from '../api/client.ts';
import { TitlesDocument } from '../generated/operations.ts';
import { count, nameOf } from '../parts/format.ts';
import { visible } from '../parts/visible.ts';
import type { OpenTree } from '../tree/open-tree.ts';
import { moveTo } from './actions.ts';
import { FormDialog } from './form-dialog.tsx';
import { nameIn } from './name-in.ts';
import { type Place, placesIn } from './places-in.ts';

interface Props {
  readonly tree: OpenTree;
  readonly sessionId: string;
}

/** Places that are listed; more are found by the filter. */
const LISTED = 100;
/** Sessions of other trees that are found by their titles. */
const ELSEWHERE = 8;
const PAUSE_MS = 200;

/** Moves a session: the new parent is chosen from a list with a filter. */
export function MoveDialog({ tree, sessionId }: Props) {
  const [filter, setFilter] = useState('');
  const [at, setAt] = useState(0);
  const here = placesIn(tree, sessionId, filter);
  const elsewhere = usePlacesElsewhere(tree, filter);
  const places = [...here.slice(0, LISTED), ...elsewhere];
  const chosen = places[Math.min(at, places.length - 1)];
  const idOf = (place: Place) => `place-${place.parentId ?? ''}`;
  useEffect(() => {
    if (chosen) document.getElementById(idOf(chosen))?.scrollIntoView({ block: 'nearest' });
  }, [chosen?.parentId]);
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    setAt((at + step + places.length) % Math.max(places.length, 1));
  };
  return (
    <FormDialog
      title={`Move “${nameIn(tree, sessionId)}”`}
      verb="Move"
      isReady={chosen !== undefined}
      onSubmit={() => moveTo(tree, sessionId, chosen!.parentId)}
    >
      <label class="field">
        Under
        <input
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls="places"
          aria-activedescendant={chosen && idOf(chosen)}
          aria-autocomplete="list"
          placeholder="Filter by title or agent"
          value={filter}
          onInput={({ currentTarget }) => {
            setFilter(currentTarget.value);
            setAt(0);
          }}
          onKeyDown={press}
        />
      </label>
      <div class="places" id="places" role="listbox" aria-label="New parent">
        {places.map((place, n) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the field above
          // biome-ignore lint/a11y/useFocusableInteractive: the field above keeps the focus
          <div
            key={place.parentId}
            id={idOf(place)}
            class="place"
            role="option"
            aria-selected={place === chosen}
            style={{ paddingLeft: 10 + Math.min(place.level, 8) * 14 }}
            onClick={() => setAt(n)}
          >
            <span class="cut">{place.name}</span>
            {place.agentName && <em class="cut">{place.agentName}</em>}
            {n >= Math.min(here.length, LISTED) && <span class="tag">another tree</span>}
          </div>
        ))}
        {places.length === 0 && <p class="dim">No session is like this.</p>}
      </div>
      {here.length > LISTED && <p class="dim">{count(here.length - LISTED)} more: filter to find them.</p>}
    </FormDialog>
  );
}

/** Sessions of other trees, found by their titles once the person pauses. */
function usePlacesElsewhere(tree: OpenTree, filter: string): readonly Place[] {
  const [places, setPlaces] = useState<readonly Place[]>([]);
  const query = filter.trim();
  useEffect(() => {
    setPlaces([]);
    if (query.length < 2) return;
    const abort = new AbortController();
    const find = async () => {
      const { sessions } = await ask(TitlesDocument, { query: `${query}*`, first: ELSEWHERE }, abort.signal);
      setPlaces(
        sessions.nodes
          .filter(({ id }) => !tree.rows.find(id))
          .map(({ id, title, agentName }) => ({
            parentId: id,
            name: visible(nameOf(title, null)),
            agentName: agentName && visible(agentName),
            level: 0,
          })),
      );
    };
    // Those of this tree are listed all the same.
    const timer = setTimeout(() => find().catch(() => {}), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [tree, query]);
  return places;
}
