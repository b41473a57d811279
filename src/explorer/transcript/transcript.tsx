import { elementScroll, useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { addressBar } from '../address.ts';
import { count } from '../parts/format.ts';
import { onKey } from '../parts/keys.ts';
import { Notice } from '../parts/notice.tsx';
import { useObservable } from '../parts/observable.ts';
import type { OpenTree } from '../tree/open-tree.ts';
import { DraftRow } from './draft-row.tsx';
import type { Drafts } from './drafts.ts';
import { markdown } from './markdown.ts';
import { MessageRow } from './message-row.tsx';
import type { OpenTranscript } from './open-transcript.ts';
import { windowAround } from './window.ts';

const ESTIMATED_HEIGHT = 96;
/** So near to the end, new messages are followed. */
const END_PX = 80;

interface Props {
  readonly tree: OpenTree;
  readonly transcript: OpenTranscript;
  readonly drafts: Drafts;
  /** Whenever it changes, the end is shown. */
  readonly sentCount: number;
}

/**
 * The messages. Browsers cannot scroll through the height of a history of 100,000, so that rows exist for a window of positions only, which
 * moves along; the slider stands for the whole.
 */
export function Transcript({ tree, transcript, drafts, sentCount }: Props) {
  useObservable(markdown);
  useObservable(drafts);
  const { now } = useObservable(addressBar);
  const scroller = useRef<HTMLDivElement>(null);
  const length = transcript.length ?? 0;
  const [range, setRange] = useState(() => windowAround(length, length));
  const [target, setTarget] = useState<number | null>(null);
  /** The target, or where a key led that is not the target yet: the next key may come before. */
  const going = useRef<number | null>(null);
  /** Where the scroller is being brought, until the browser has told that it is there. */
  const placing = useRef<number | null>(null);
  const [isFollowing, setFollowing] = useState(now.messageId === null);
  /** Where the page or the reader last left the scroller: only the reader is found above it. */
  const leftAt = useRef(0);
  const [seen, setSeen] = useState(length);

  // Where the window reaches the end, it grows with the history.
  const end = range.isAtEnd ? length : Math.min(range.end, length);
  const size = Math.max(end - range.start, 0);
  const live = range.isAtEnd ? drafts.all : [];
  const keyOf = (n: number) => (n < size ? range.start + n : `draft ${live[n - size]?.key}`);
  /** True if the reader has scrolled up since, of which the next event tells. */
  const isReaderAbove = () => {
    if (!scroller.current) return false;
    const { scrollTop, scrollHeight, clientHeight } = scroller.current;
    // The browser moves the scroller up where its content shrinks.
    if (scrollHeight - scrollTop - clientHeight < 1) leftAt.current = scrollTop;
    return scrollTop < leftAt.current - 1;
  };
  const virtualizer = useVirtualizer({
    count: size + live.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ESTIMATED_HEIGHT,
    getItemKey: keyOf,
    overscan: 4,
    anchorTo: 'end',
    scrollEndThreshold: END_PX,
    scrollToFn: (offset, options, instance) => {
      // A correction is computed from the last event of a scroll. The reader has moved since.
      if (options.adjustments !== undefined && isReaderAbove()) return;
      elementScroll(offset, options, instance);
      leftAt.current = scroller.current?.scrollTop ?? 0;
    },
  });
  const items = virtualizer.getVirtualItems();
  const first = range.start + (virtualizer.range?.startIndex ?? 0);
  const last = Math.min(range.start + (virtualizer.range?.endIndex ?? 0), length - 1);

  const showAt = (position: number) => {
    const next = windowAround(position, length);
    const isEnd = position >= length - 1;
    setRange(next);
    setFollowing(isEnd);
    placing.current = position;
    // After the window has moved. By then, there may be more at the end.
    requestAnimationFrame(() => {
      if (isEnd) virtualizer.scrollToEnd();
      else virtualizer.scrollToIndex(position - next.start, { align: 'start' });
      requestAnimationFrame(() => {
        if (placing.current === position) placing.current = null;
      });
    });
  };

  const showEnd = () => {
    addressBar.go({ messageId: null }, true);
    showAt(length - 1);
  };
  const shownFor = useRef(sentCount);
  useEffect(() => {
    if (sentCount !== shownFor.current) showEnd();
    shownFor.current = sentCount;
  }, [sentCount]);

  // A link to a message opens at it.
  useEffect(() => {
    const { messageId } = now;
    if (messageId === null) {
      going.current = null;
      setTarget(null);
      return;
    }
    let isCurrent = true;
    void transcript.positionOf(messageId).then((position) => {
      // A further key may have led on, which is not drawn yet.
      if (!isCurrent || addressBar.now.messageId !== messageId) return;
      going.current = position;
      if (position === null) return;
      setTarget(position);
      showAt(position);
    });
    return () => {
      isCurrent = false;
    };
  }, [transcript, now.messageId]);

  // Begins at the end, and stays there whatever is added or measured, also before the browser has told of the last scroll.
  const height = virtualizer.getTotalSize();
  useLayoutEffect(() => {
    if (!isFollowing || !scroller.current || height === 0) return;
    if (!isReaderAbove()) virtualizer.scrollToEnd();
  }, [isFollowing, height, range]);

  // The window moves when the reader comes near its border.
  useEffect(() => {
    const position = isFollowing ? length : (placing.current ?? Math.round((first + last) / 2));
    const next = windowAround(position, length, range);
    if (next !== range) setRange(next);
  }, [isFollowing, first, last, length]);

  const watchScroll = () => {
    // The event comes with the next frame: by then, the element may have left the page.
    if (!scroller.current) return;
    const { scrollTop, scrollHeight, clientHeight } = scroller.current;
    const isAtEnd = range.isAtEnd && scrollHeight - scrollTop - clientHeight < END_PX;
    // The end may have gone further down since the scroll that the event tells of. That is no reader who leaves it.
    const isMovedUp = scrollTop < leftAt.current - 1;
    leftAt.current = scrollTop;
    if (isAtEnd) setSeen(length);
    if (isAtEnd || isMovedUp) setFollowing(isAtEnd);
  };
  useEffect(() => {
    if (isFollowing) setSeen(length);
  }, [isFollowing, length]);

  // The next message that is shown on its own, or the one before.
  const step = (by: 1 | -1) => {
    for (let position = (going.current ?? first) + by; position >= 0 && position < length; position += by) {
      const entry = transcript.at(position);
      if (entry === null) return;
      if (entry === 'damaged' || transcript.callOf(entry)) continue;
      going.current = position;
      addressBar.go({ messageId: entry.id }, true);
      return;
    }
  };
  useEffect(() => onKey({ j: () => step(1), k: () => step(-1), f: showEnd }));

  if (length === 0 && live.length === 0)
    return (
      <Notice title="No messages yet">
        <p>What is said here appears at once.</p>
      </Notice>
    );
  const unseen = Math.max(length - seen, 0);
  // Results are shown at their calls: those at the end have no rows of their own.
  const lastShown = isFollowing ? length - 1 : last;
  return (
    <>
      <div
        class="scroll"
        ref={scroller}
        onScroll={watchScroll}
        role="feed"
        aria-label="Transcript"
        aria-busy={transcript.state === 'loading'}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        tabIndex={0}
      >
        <div class="rows" role="none" style={{ height }}>
          {items.map(({ index, key, start }) => (
            <div
              key={key}
              ref={virtualizer.measureElement}
              data-index={index}
              role="none"
              style={{ transform: `translateY(${start}px)` }}
            >
              {index < size ? (
                <MessageRow
                  tree={tree}
                  transcript={transcript}
                  position={range.start + index}
                  isTarget={range.start + index === target}
                />
              ) : (
                <DraftRow draft={live[index - size]!} tree={tree} sessionId={transcript.sessionId} />
              )}
            </div>
          ))}
        </div>
      </div>
      <div class="foot number">
        {unseen > 0 && !isFollowing && (
          <button type="button" class="new-pill" onClick={showEnd}>
            {count(unseen)} new ↓
          </button>
        )}
        <span>
          #{count(first)}–{count(Math.max(lastShown, first))} of {count(length)}
        </span>
        <input
          type="range"
          class="scrubber"
          style={{ '--in-sight': Math.round(((last - first + 1) / Math.max(length, 1)) * 100) }}
          aria-label="Position in the history"
          min={0}
          max={Math.max(length - 1, 0)}
          value={isFollowing ? length - 1 : first}
          onInput={({ currentTarget }) => showAt(Number(currentTarget.value))}
        />
        <button type="button" class="chip" aria-pressed={isFollowing} onClick={showEnd}>
          {isFollowing ? 'Following' : 'Follow'}
        </button>
      </div>
    </>
  );
}
