import { EPOCH_LENGTH } from './epoch.ts';
import { isVisible, type Snapshot, type StoreNow } from './snapshot.ts';

/**
 * A place in the order of changes: transactions by their clocks, the mutations of one by their numbers, then sessions that are there
 * before those that are deleted.
 */
export interface ChangePlace {
  readonly clock: number;
  readonly number: number;
  readonly deleted: 0 | 1;
  readonly place: number;
}

/** The place before all changes. */
export const START: ChangePlace = { clock: 0, number: 0, deleted: 0, place: 0 };

export function isAfter(a: ChangePlace, b: ChangePlace): boolean {
  if (a.clock !== b.clock) return a.clock > b.clock;
  if (a.number !== b.number) return a.number > b.number;
  if (a.deleted !== b.deleted) return a.deleted > b.deleted;
  return a.place > b.place;
}

/**
 * Where a reader is, in an epoch: it knows the sessions that it has been told of since `base` as they were then, and all others as they were at
 * `base`, or later. Clocks are in no order of commits, so that a place alone is not enough: it has been told of what was visible in `told`, and
 * of what was visible in `goal` up to a place.
 */
export interface Mark {
  readonly epoch: number;
  readonly base: Snapshot;
  /** Null if the reader is up to date as of `base`. */
  readonly middle: Middle | null;
}

export interface Middle {
  readonly told: Snapshot;
  readonly goal: Snapshot;
  readonly upTo: ChangePlace;
}

/** "epoch:end", or "epoch:end-open-open"; of a mark in the middle then "/told/goal/clock.number.deleted.place". Clocks are without the epoch. */
export function encodeMark({ epoch, base, middle }: Mark): string {
  const clock = (of: number) => Math.max(0, of - epoch * EPOCH_LENGTH);
  const snapshot = ({ end, open }: Snapshot) => [end, ...open].map(clock).join('-');
  const whole = `${epoch}:${snapshot(base)}`;
  if (!middle) return whole;
  const { told, goal, upTo } = middle;
  const place = `${clock(upTo.clock)}.${upTo.number}.${upTo.deleted}.${upTo.place}`;
  return `${whole}/${snapshot(told)}/${snapshot(goal)}/${place}`;
}

const SNAPSHOT = String.raw`(\d{1,14}(?:-\d{1,14})*)`;
const TEXT = new RegExp(
  String.raw`^(\d{1,3}):${SNAPSHOT}(?:/${SNAPSHOT}/${SNAPSHOT}/(\d{1,14})\.(\d{1,16})\.([01])\.(\d{1,16}))?$`,
);

/** Null for a text that is no mark. */
export function parseMark(text: string): Mark | null {
  const found = TEXT.exec(text);
  if (!found) return null;
  const [, epochText, base, told, goal, clock, number, deleted, place] = found;
  const epoch = Number(epochText);
  const snapshot = (of: string): Snapshot => {
    const [end, ...open] = of.split('-').map((each) => epoch * EPOCH_LENGTH + Number(each));
    return { end: end!, open };
  };
  const middle =
    told === undefined
      ? null
      : {
          told: snapshot(told),
          goal: snapshot(goal!),
          upTo: {
            clock: epoch * EPOCH_LENGTH + Number(clock),
            number: Number(number),
            deleted: deleted === '1' ? (1 as const) : (0 as const),
            place: Number(place),
          },
        };
  return { epoch, base: snapshot(base!), middle };
}

/** The mark of a reader that knows all changes up to now. */
export function markOf({ epoch, snapshot }: StoreNow): Mark {
  return { epoch, base: snapshot, middle: null };
}

/** False for a mark of another epoch, or of a future that the store has lost: a backup was put back. */
export function isHonoured({ epoch, base, middle }: Mark, now: StoreNow): boolean {
  const { limit } = now;
  return epoch === now.epoch && base.end <= limit && (middle?.goal.end ?? 0) <= limit;
}

/** Changes that are told one after the other: those not visible in `told` that are visible in `goal`, behind a place. */
export interface Series extends Middle {}

/** What is still to be told to a reader at a mark. */
export function seriesAfter({ base, middle }: Mark, { snapshot: goal }: StoreNow): Series[] {
  if (!middle) return [{ told: base, goal, upTo: START }];
  return [middle, { told: middle.goal, goal, upTo: START }];
}

/** Where in the order of these series a change is told; null if it was told before. */
export function turnOf(series: readonly Series[], change: ChangePlace): Turn | null {
  const index = series.findIndex(
    ({ told, goal }) => !isVisible(told, change.clock) && isVisible(goal, change.clock),
  );
  if (index === -1 || !isAfter(change, series[index]!.upTo)) return null;
  return { index, change };
}

export interface Turn {
  readonly index: number;
  readonly change: ChangePlace;
}

export function isLater(a: Turn, b: Turn): boolean {
  return a.index === b.index ? isAfter(a.change, b.change) : a.index > b.index;
}
