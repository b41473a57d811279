import { expect, test } from 'vitest';
import { searchedText } from '../../../src/model/search/fields.ts';

const message = {
  content: 'said',
  reasoning: 'thought',
  toolCalls: [
    { name: 'read_file', arguments: { path: 'a.ts', lines: [1, 'all', { last: 'close' }], isWhole: true } },
    { name: 'list' },
    { name: 'run', arguments: 'ls -l' },
  ],
};

test('the text of a field has all that a search can find there', () => {
  expect(searchedText(message, 'CONTENT')).toBe('said');
  expect(searchedText(message, 'REASONING')).toBe('thought');
  expect(searchedText(message, 'TOOL_CALLS')).toBe('read_file\na.ts\nall\nclose\nlist\nrun\nls -l');
});

test('a field that a message does not have is empty', () => {
  expect(searchedText({ content: '' }, 'REASONING')).toBe('');
  expect(searchedText({ content: '', reasoning: null, toolCalls: null }, 'TOOL_CALLS')).toBe('');
});

test('arguments may be nested deeply', () => {
  const deep = JSON.parse(`${'['.repeat(100_000)}"end"${']'.repeat(100_000)}`);
  const toolCalls = [{ name: 'run', arguments: deep }];
  expect(searchedText({ content: '', toolCalls }, 'TOOL_CALLS')).toBe('run\nend');
});
