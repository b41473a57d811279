import type { ExportFormat } from '../format.ts';
import { counted, type Fact } from '../readable/facts.ts';
import type { Outline } from '../readable/outline.ts';
import type { Shown, ShownCall, ShownMessage } from '../readable/shown-message.ts';
import { blocksOf, visible } from '../readable/text.ts';
import { type DocumentWriter, writeDocument } from '../readable/write-document.ts';
import { escaped, escapedLine } from './escape.ts';
import { formatted } from './formatted.ts';
import { STYLE } from './style.ts';

/** One page for people that runs nothing and requests nothing: it can be mailed, and opened from anywhere. */
export const html: ExportFormat = {
  name: 'html',
  canRedact: true,
  write: (source) => writeDocument(source, writer),
};

/** Forbids what the page does not do, should a browser find something else in a text than was meant. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** Levels to which items of the outline are indented: the column has no room for more. */
const INDENTED_LEVELS_MAX = 12;

const writer: DocumentWriter = {
  begin: (title) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>${escapedLine(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<div class="page">
<nav aria-label="Sessions">
<h1 dir="auto">${escapedLine(title)}</h1>
<details open>
<summary>Sessions</summary>
<ol>
`,
  entry: ({ id, name, level }, { agentName, status, historyLength }) => {
    const messages = `${counted(historyLength)} message${historyLength === 1 ? '' : 's'}`;
    const deep = level > INDENTED_LEVELS_MAX ? `level ${level}` : null;
    const details = [agentName, status === 'IDLE' ? null : status.toLowerCase(), messages, deep];
    const indent = level === 0 ? '' : ` style="--level:${Math.min(level, INDENTED_LEVELS_MAX)}"`;
    return (
      `<li${indent}><a href="#${id}" title="${escapedLine(name)}" dir="auto">${escapedLine(name)}</a>` +
      `<span>${escapedLine(details.filter(Boolean).join(', '))}</span></li>\n`
    );
  },
  endOutline: ({ isRedacted }) => {
    const note =
      'The output of tools, the arguments of tool calls, events, payloads and metadata are left out.';
    return `</ol>
</details>
</nav>
<main>
${isRedacted ? `<p class="left-out">${note}</p>\n` : ''}`;
  },
  section: ({ id, name }, facts, metadata) => {
    const json = metadata && folded('Metadata', `<pre>${escaped(JSON.stringify(metadata, null, 2))}</pre>`);
    return `<section id="${id}">
<h2 dir="auto"><a href="#${id}">${escapedLine(name)}</a></h2>
<dl>
${facts.map((fact) => `<dt>${fact.label}</dt><dd dir="auto">${factText(fact)}</dd>\n`).join('')}</dl>
${json ?? ''}`;
  },
  message: (message, outline) => {
    const { id, role, heading, createdAt, time, notes, isError, reasoning, content, calls, data } = message;
    return [
      `<article id="${id}" class="${role.toLowerCase()}${isError ? ' error' : ''}">\n`,
      `<header><h3 dir="auto"><a href="#${id}">${escapedLine(heading)}</a></h3>`,
      `<time class="note" datetime="${createdAt.toISOString()}">${time}</time>`,
      ...notes.map((note) => `<span class="note">${escapedLine(note)}</span>`),
      '</header>\n',
      reasoning === null ? '' : folded('Reasoning', textOf(reasoning), 'reasoning'),
      content ? contentOf(message, content) : '',
      ...calls.map((call) => callOf(call, outline)),
      ...data.map(({ label, json }) => shownFolded(label, json)),
      '</article>\n',
    ].join('');
  },
  endSection: () => '</section>\n',
  goneSection: ({ id, name }) => `<section id="${id}">
<h2 dir="auto">${escapedLine(name)}</h2>
<p>Deleted while this was written.</p>
</section>
`,
  end: () => '</main>\n</div>\n</body>\n</html>\n',
};

function factText({ text, target }: Fact): string {
  return target === undefined ? escapedLine(text) : `<a href="#${target}">${escapedLine(text)}</a>`;
}

/** `inner` is HTML. */
function folded(summary: string, inner: string, kind = ''): string {
  const named = kind === '' ? '' : ` class="${kind}"`;
  return `<details${named}><summary>${summary}</summary>\n${inner}\n</details>\n`;
}

/** A text with its blocks of code set off. */
function textOf(text: string): string {
  return blocksOf(visible(text))
    .map((block) =>
      block.isCode
        ? `<pre><code>${escaped(block.text)}</code></pre>`
        : `<div class="text" dir="auto">${formatted(block.text.replace(/^\n+/, '').trimEnd())}</div>`,
    )
    .join('\n');
}

const LEFT_OUT = '<span class="left-out">left out</span>';

/** Characters of a tool's output that are shown without unfolding it. */
const SHORT_OUTPUT = 400;

function contentOf({ role }: ShownMessage, { text, isLeftOut }: Shown): string {
  if (isLeftOut) return `${LEFT_OUT}\n`;
  if (role !== 'TOOL' && role !== 'EVENT') return `${textOf(text)}\n`;
  const output = `<pre>${escaped(text)}</pre>`;
  return text.length <= SHORT_OUTPUT
    ? `${output}\n`
    : folded(`Output, ${counted(text.length)} characters`, output);
}

function callOf({ toolCallId, name, brief, arguments: given, spawned }: ShownCall, outline: Outline): string {
  const session = spawned === null ? undefined : outline.get(spawned);
  const link = session ? `→ <a href="#${session.id}">${escapedLine(session.name)}</a>` : '';
  const summary = `<code title="${escapedLine(toolCallId)}">${escapedLine(name)}</code> <span class="note">${escapedLine(brief)}</span>`;
  const json = given ?? { text: 'No arguments.', isLeftOut: false };
  return shownFolded(summary, json, 'call') + (link === '' ? '' : `<div>${link}</div>\n`);
}

function shownFolded(summary: string, { text, isLeftOut }: Shown, kind = ''): string {
  return folded(summary, isLeftOut ? LEFT_OUT : `<pre>${escaped(text)}</pre>`, kind);
}
