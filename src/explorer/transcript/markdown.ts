import DOMPurify from 'dompurify';
import { Marked, type Tokens } from 'marked';
import { Observable } from '../parts/observable.ts';

/** Longer texts are shown as they are: to parse them would hold the page up. */
const MARKDOWN_MAX = 200_000;
const CACHE_MAX = 300;

/**
 * Turns the Markdown of messages into elements. Nothing of a message runs or loads: raw HTML is shown as text, an image is a link, and what
 * is left goes through DOMPurify.
 */
class Markdown extends Observable {
  readonly #cache = new Map<string, string>();
  #highlight: ((code: string, language: string) => string | null) | null = null;
  #isLoading = false;

  readonly #marked = new Marked({
    gfm: true,
    renderer: {
      html: ({ text }: Tokens.HTML | Tokens.Tag) => escapeHtml(text),
      checkbox: ({ checked }: Tokens.Checkbox) => (checked ? '☑ ' : '☐ '),
      image: ({ href, text }: Tokens.Image) =>
        `<a href="${escapeHtml(href)}">${escapeHtml(text || href)}</a> <small>(image, not loaded)</small>`,
      code: ({ text, lang }: Tokens.Code) => `<pre><code>${this.#coloured(text, lang ?? '')}</code></pre>\n`,
    },
  });

  /** The HTML of a text, safe to insert; null for a text that is too long for it. */
  render(text: string): string | null {
    if (text.length > MARKDOWN_MAX) return null;
    const known = this.#cache.get(text);
    if (known !== undefined) return known;
    const html = DOMPurify.sanitize(this.#marked.parse(text, { async: false }), RULES) as unknown as string;
    this.#cache.set(text, html);
    if (this.#cache.size > CACHE_MAX) this.#cache.delete(this.#cache.keys().next().value!);
    return html;
  }

  #coloured(code: string, language: string): string {
    if (!this.#highlight && language && !this.#isLoading) void this.#loadHighlighter();
    return this.#highlight?.(code, language) ?? escapeHtml(code);
  }

  /** Most transcripts have code, but not at once: the colours come when they are there. */
  async #loadHighlighter(): Promise<void> {
    this.#isLoading = true;
    try {
      this.#highlight = (await import('./highlight.ts')).highlight;
      this.#cache.clear();
      this.changed();
    } catch {
      // Code without colours. The next start of the page tries again.
    }
  }
}

const RULES = {
  RETURN_TRUSTED_TYPE: true,
  ALLOWED_TAGS: [
    ...[
      'a',
      'blockquote',
      'br',
      'code',
      'del',
      'em',
      'h1',
      'h2',
      'h3',
      'h4',
      'h5',
      'h6',
      'hr',

      'li',
    ],
    ...['ol', 'p', 'pre', 'small', 'span', 'strong', 'table', 'tbody', 'td', 'th', 'thead', 'tr', 'ul'],
  ],
  ALLOWED_ATTR: ['href', 'class', 'start', 'align', 'target', 'rel'],
  // Of others, DOMPurify takes the value for an address.
  ADD_URI_SAFE_ATTR: ['start', 'align'],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
};

// A page that a link opens knows nothing of this one.
DOMPurify.addHook('afterSanitizeAttributes', (node) => {
  if (node.nodeName === 'A') {
    node.setAttribute('target', '_blank');
    node.setAttribute('rel', 'noopener noreferrer');
  }
});

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);

export const markdown = new Markdown();
