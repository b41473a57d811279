import type { Opened } from './cold.ts';

/** Milliseconds from the beginning of the navigation to the first paint, and to the frame that has `selector`. */
export function opening({ page }: Opened, selector: string): Promise<{ paintMs: number; drawnMs: number }> {
  return page.evaluate(async (wanted) => {
    while (!document.querySelector(wanted)) await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    const drawnMs = performance.now();
    let paint = performance.getEntriesByName('first-contentful-paint')[0];
    while (!paint) {
      await new Promise(requestAnimationFrame);
      paint = performance.getEntriesByName('first-contentful-paint')[0];
    }
    return { paintMs: paint.startTime, drawnMs };
  }, selector);
}

/** Milliseconds from the click that closes or opens the root to the frame that shows it. */
export function toggles({ page }: Opened): Promise<number[]> {
  return page.evaluate(async () => {
    const delays: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      const before = document.querySelectorAll('.tree-row').length;
      const begin = performance.now();
      (document.querySelector('.tree-row .chevron') as HTMLElement).click();
      do await new Promise(requestAnimationFrame);
      while (document.querySelectorAll('.tree-row').length === before);
      delays.push(performance.now() - begin);
    }
    return delays;
  });
}

/** Scrolls up through a history, so many pixels a frame, for three seconds. */
export function scrolling(
  { page }: Opened,
  pixels: number,
): Promise<{ framesMs: number[]; longestTaskMs: number }> {
  return page.evaluate(async (step) => {
    let longestTaskMs = 0;
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longestTaskMs = Math.max(longestTaskMs, duration);
    });
    observer.observe({ type: 'longtask' });
    const scroller = document.querySelector('[role=feed]')!;
    const framesMs: number[] = [];
    let last = performance.now();
    for (const begin = last; last - begin < 3_000; ) {
      scroller.scrollBy(0, -step);
      const now = await new Promise<number>(requestAnimationFrame);
      framesMs.push(now - last);
      last = now;
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    observer.disconnect();
    return { framesMs: framesMs.slice(2), longestTaskMs };
  }, pixels);
}

/** Milliseconds from moving the slider to the frame that has a message from there. */
export function jumps({ page }: Opened): Promise<number[]> {
  return page.evaluate(async () => {
    const slider = document.querySelector('.scrubber') as HTMLInputElement;
    const delays: number[] = [];
    for (const share of [0.1, 0.7, 0.35, 0.9, 0.5]) {
      const position = Math.floor(Number(slider.max) * share);
      const begin = performance.now();
      slider.value = String(position);
      slider.dispatchEvent(new Event('input', { bubbles: true }));
      do await new Promise(requestAnimationFrame);
      while (!document.querySelector(`article[aria-posinset="${position + 1}"] .text`));
      delays.push(performance.now() - begin);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return delays;
  });
}
