import type { Session } from '../../model/session.ts';
import type { ExportFormat } from '../format.ts';
import { counted, type Fact } from '../readable/facts.ts';
import type { Entry, Outline } from '../readable/outline.ts';
import type { Shown, ShownCall, ShownMessage } from '../readable/shown-message.ts';
import { visible } from '../readable/text.ts';
import { type DocumentWriter, writeDocument } from '../readable/write-document.ts';
import { contained, fenced, inline, inlineCode, quoted } from './escape.ts';

/** One document for people, with links within it. */
export const markdown: ExportFormat = {
  name: 'markdown',
  canRedact: true,
  write: (source) => writeDocument(source, writer),
};

/** Levels to which items of the outline are indented: a viewer has no room for more. */
const INDENTED_LEVELS_MAX = 20;

const writer: DocumentWriter = {
  begin: (title) => `# ${inline(title)}\n\n`,
  entry: (entry, session) => {
    const { level } = entry;
    const indent = '  '.repeat(Math.min(level, INDENTED_LEVELS_MAX));
    const deep = level > INDENTED_LEVELS_MAX ? ` (level ${level})` : '';
    return `${indent}- ${linkTo(entry)}${deep}: ${inline(summaryOf(session))}\n`;
  },
  endOutline: ({ isRedacted }) =>
    isRedacted
      ? '\nThe output of tools, the arguments of tool calls, events, payloads and metadata are left out.\n'
      : '',
  section: (entry, facts, metadata) =>
    [
      `\n${anchor(entry.id)}\n\n## ${inline(entry.name)}\n\n`,
      ...facts.map((fact) => `- ${fact.label}: ${factText(fact)}\n`),
      ...(metadata ? [`\nMetadata:\n\n${fenced(JSON.stringify(metadata, null, 2), 'json')}`] : []),
    ].join(''),
  message: (message, outline) =>
    [
      `\n${anchor(message.id)}\n\n### ${inline(message.heading)} · ${message.time}\n`,
      message.notes.length > 0 ? `\n*${message.notes.map(inline).join(' · ')}*\n` : '',
      message.reasoning === null ? '' : `\n${quoted(`**Reasoning**\n\n${contained(message.reasoning)}`)}\n`,
      message.content ? `\n${contentOf(message, message.content)}` : '',
      ...message.calls.map((call) => callOf(call, outline)),
      ...message.data.map(({ label, json }) => `\n${label}:\n\n${shownJson(json)}`),
    ].join(''),
  endSection: () => '',
  goneSection: (entry) =>
    `\n${anchor(entry.id)}\n\n## ${inline(entry.name)}\n\nDeleted while this was written.\n`,
  end: () => '',
};

/** The characters of ids are plain in an attribute and in a link. */
function anchor(id: string): string {
  return `<a id="${id}"></a>`;
}

function linkTo({ id, name }: Pick<Entry, 'id' | 'name'>): string {
  return `[${inline(name)}](#${id})`;
}

function summaryOf({ agentName, status, historyLength, archivedAt }: Session): string {
  const messages = `${counted(historyLength)} message${historyLength === 1 ? '' : 's'}`;
  return [agentName, status, messages, archivedAt && 'archived'].filter(Boolean).join(', ');
}

function factText({ text, target }: Fact): string {
  return target === undefined ? inline(text) : `[${inline(text)}](#${target})`;
}

function contentOf({ role }: ShownMessage, { text, isLeftOut }: Shown): string {
  if (isLeftOut) return `*${text}*\n`;
  return role === 'TOOL' || role === 'EVENT' ? fenced(text) : `${contained(text)}\n`;
}

function callOf({ toolCallId, name, arguments: given, spawned }: ShownCall, outline: Outline): string {
  const session = spawned === null ? undefined : outline.get(spawned);
  const to = session ? ` → ${linkTo(session)}` : '';
  return `\n**Call** of ${inlineCode(name)} (${inlineCode(toolCallId)})${to}\n${given ? `\n${shownJson(given)}` : ''}`;
}

function shownJson({ text, isLeftOut }: Shown): string {
  return isLeftOut ? `*${text}*\n` : fenced(visible(text), 'json');
}
