const COUNT = new Intl.NumberFormat('en');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `1,204` */
export const count = (n: number): string => COUNT.format(n);

/** `1 session`, `38 sessions` */
export const counted = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? '' : 's'}`;

/** `4.1 M` of 4,100,000. */
export function shortCount(n: number): string {
  if (n < 10_000) return count(n);
  for (const [size, unit] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const)
    if (n >= size) return `${n / size >= 100 ? Math.round(n / size) : (n / size).toFixed(1)} ${unit}`;
  return count(n);
}

/** `$6.41`; a dash where there is no cost, and more digits below a cent. */
export function cost(usd: number | null): string {
  if (usd === null) return '–';
  if (usd !== 0 && usd < 0.01) return `$${usd.toPrecision(2)}`;
  return `$${usd.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

/** `12 kB`, of a length in characters. */
export function size(characters: number): string {
  if (characters < 1_000) return `${characters} B`;
  if (characters < 1_000_000) return `${(characters / 1_000).toFixed(characters < 10_000 ? 1 : 0)} kB`;
  return `${(characters / 1_000_000).toFixed(1)} MB`;
}

/** How long ago: `now`, `2 min`, `5 h`, `yesterday`, `3 days`, then the date. */
export function age(time: string, now = Date.now()): string {
  const ms = now - Date.parse(time);
  if (ms < MINUTE) return 'now';
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  if (ms < 2 * DAY) return 'yesterday';
  if (ms < 30 * DAY) return `${Math.floor(ms / DAY)} days`;
  return new Date(time).toLocaleDateString('en', { year: 'numeric', month: 'short', day: 'numeric' });
}

/** `14:02` today, else with the day. */
export function clock(time: string | number, now = new Date()): string {
  const date = new Date(time);
  const hours = date.toLocaleTimeString('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  if (date.toDateString() === now.toDateString()) return hours;
  const isThisYear = date.getFullYear() === now.getFullYear();
  const day = date.toLocaleDateString('en', {
    day: 'numeric',
    month: 'short',
    ...(!isThisYear && { year: 'numeric' }),
  });
  return `${day}, ${hours}`;
}

/** `2.1 s`, `3 min`, `2 h 5 min` */
export function duration(ms: number): string {
  if (ms < MINUTE) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  if (ms < HOUR) return `${Math.round(ms / MINUTE)} min`;
  const minutes = Math.round((ms % HOUR) / MINUTE);
  return `${Math.floor(ms / HOUR)} h${minutes ? ` ${minutes} min` : ''}`;
}

/** A title, or else the first words of the history. */
export function nameOf(title: string | null | undefined, firstWords: string | null | undefined): string {
  if (title) return title;
  const words = firstWords?.replace(/\s+/g, ' ').trim();
  return words ? `Untitled · “${words.length > 60 ? `${words.slice(0, 60)}…` : words}”` : 'Untitled';
}
