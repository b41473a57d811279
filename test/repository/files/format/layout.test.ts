import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSessionId } from '../../../../src/model/id.ts';
import {
  sessionFileName,
  sessionIdOfFileName,
  sessionPath,
} from '../../../../src/repository/files/format/layout.ts';

const sessionIds = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/).filter(isSessionId);

describe('the name of a session file', () => {
  it('leads back to the id, is lower case, and fits a file system', () => {
    fc.assert(
      fc.property(sessionIds, (id) => {
        const name = sessionFileName(id);
        expect(sessionIdOfFileName(name)).toBe(id);
        expect(name).toBe(name.toLowerCase());
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps ids apart that differ only in case', () => {
    const names = ['ab', 'Ab', 'aB', 'AB'].map(sessionFileName);
    expect(names).toEqual(['ab.jsonl', 'ab+1.jsonl', 'ab+2.jsonl', 'ab+3.jsonl']);
  });

  it('fits a file system for the longest id in capitals', () => {
    const id = 'Z'.repeat(128);
    expect(Buffer.byteLength(sessionFileName(id))).toBe(128 + 1 + 32 + '.jsonl'.length);
    expect(sessionIdOfFileName(sessionFileName(id))).toBe(id);
  });

  it.each([
    '.hidden.jsonl',
    'a.json',
    'A.jsonl',
    'a+0.jsonl',
    'a+2.jsonl',
    'a+1.txt',
    '1+1.jsonl',
    'a b.jsonl',
    '.jsonl',
  ])('is not %s', (name) => expect(sessionIdOfFileName(name)).toBeNull());

  it('lies in the folder that FORMAT.md gives for it', () => {
    expect(sessionPath('planner-main')).toBe('sessions/d0/planner-main.jsonl');
    expect(sessionPath('Run.7')).toBe('sessions/11/run.7+1.jsonl');
  });
});
