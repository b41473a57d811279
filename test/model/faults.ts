import type { z } from 'zod';
import { InvalidInputError } from '../../src/model/errors.ts';
import { checkInput } from '../../src/model/input.ts';

/** The faults of `input`, as `path: message`; empty if it is valid. */
export function faults(rule: z.ZodType, input: unknown): string[] {
  try {
    checkInput(rule, input);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  }
}

export const message = { role: 'USER', content: 'hi' };

/** An append whose second message has the members of `change`. */
export const withMessage = (change: object) => ({
  sessionId: 'a',
  messages: [message, { ...message, ...change }],
});

export const ID_FAULT = 'expected 1 to 128 letters, digits, ".", "_" or "-", the first a letter or digit';
export const TEXT_FAULT = 'expected well-formed Unicode without NUL';
