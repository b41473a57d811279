import { useEffect } from 'preact/hooks';
import type { TreesFilter } from '../address.ts';
import { useText } from '../parts/text.ts';

interface Props {
  readonly filter: TreesFilter;
  readonly onChange: (change: Partial<TreesFilter>) => void;
  readonly onClear: () => void;
}

const STATUSES = [
  ['', 'Any'],
  ['RUNNING', 'Running'],
  ['WAITING', 'Waits for you'],
  ['COMPLETED', 'Completed'],
  ['FAILED', 'Failed'],
  ['CANCELLED', 'Cancelled'],
  ['IDLE', 'Idle'],
] as const;

/** What the list of trees is filtered by. */
export function FilterForm({ filter, onChange, onClear }: Props) {
  const text = (label: string, name: 'title' | 'project' | 'user') => (
    <TextFilter label={label} value={filter[name]} onChange={(value) => onChange({ [name]: value })} />
  );
  const check = (label: string, name: 'archived' | 'damaged') => (
    <label>
      <input
        type="checkbox"
        checked={filter[name]}
        onChange={({ currentTarget }) => onChange({ [name]: currentTarget.checked })}
      />
      {label}
    </label>
  );
  return (
    <form
      class="filter-form"
      onSubmit={(event) => {
        event.preventDefault();
        (document.activeElement as HTMLElement | null)?.blur();
      }}
    >
      {text('Title', 'title')}
      {text('Project', 'project')}
      {text('User', 'user')}
      <label>
        Status
        <select
          value={filter.status ?? ''}
          onChange={({ currentTarget }) => onChange({ status: currentTarget.value || null })}
        >
          {STATUSES.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <span class="checks">
        {check('Archived', 'archived')}
        {check('Damaged', 'damaged')}
        <span class="grow" />
        <button type="button" class="chip" onClick={onClear}>
          Clear
        </button>
      </span>
    </form>
  );
}

/** The list is read anew once the person pauses for so long. */
const PAUSE_MS = 250;

interface TextFilterProps {
  readonly label: string;
  readonly value: string | null;
  readonly onChange: (value: string | null) => void;
}

function TextFilter({ label, value, onChange }: TextFilterProps) {
  const [text, setText] = useText(value ?? '');
  const wanted = text.trim() || null;
  useEffect(() => {
    if (wanted === value) return;
    const timer = setTimeout(() => onChange(wanted), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [wanted]);
  return (
    <label>
      {label}
      <input type="text" value={text} onInput={({ currentTarget }) => setText(currentTarget.value)} />
    </label>
  );
}
