import { toasts } from './toasts.ts';

/** Copies a text, which may come later: browsers want to know of it within the click. Says what was copied, or why not. */
export async function copyText(text: string | Promise<string>, done: string): Promise<void> {
  try {
    // Missing on pages without TLS, other than those of this computer.
    if (!navigator.clipboard)
      throw new Error('The browser lets a page copy only over HTTPS, or from localhost.');
    if (typeof text === 'string') await navigator.clipboard.writeText(text);
    else await navigator.clipboard.write([new ClipboardItem({ 'text/plain': text })]);
    toasts.done(done);
  } catch (error) {
    toasts.failed(error);
  }
}
