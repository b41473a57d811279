import { expect, test } from 'vitest';
import { type MarkdownMessage, markdownOf, markdownOfMessage } from '../../src/explorer/doing/as-markdown.ts';

const message = (more: Partial<MarkdownMessage>): MarkdownMessage => ({
  role: 'ASSISTANT',
  kind: null,
  name: null,
  content: '',
  reasoning: null,
  isError: false,
  toolCalls: [],
  ...more,
});

test('a message has a heading, its reasoning as a quotation, its text and its calls', () => {
  const text = markdownOfMessage(
    message({
      reasoning: 'Half-even?\nYes.',
      content: 'I **round** once.',
      toolCalls: [{ name: 'bash', arguments: { command: 'npm test' } }],
    }),
  );
  expect(text).toBe(
    [
      '## assistant',
      '> Half-even?\n> Yes.',
      'I **round** once.',
      'Calls `bash`:',
      '```json\n{\n  "command": "npm test"\n}\n```',
    ].join('\n\n'),
  );
});

test('what a tool answers stands in a fence that is longer than any in it', () => {
  const content = 'see\n````js\n1\n````';
  expect(markdownOfMessage(message({ role: 'TOOL', name: 'read', content, isError: true }))).toBe(
    `## read (failed)\n\n\`\`\`\`\`\n${content}\n\`\`\`\`\``,
  );
});

test('a session has its title as the heading, without line breaks', () => {
  expect(markdownOf('Plan\na trip', [message({ role: 'USER', content: 'Where to?' })])).toBe(
    '# Plan a trip\n\n## user\n\nWhere to?\n',
  );
  expect(markdownOf(null, [])).toBe('\n');
});
