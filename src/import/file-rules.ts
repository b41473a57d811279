import { z } from 'zod';
import { type InputIssue, InvalidInputError } from '../model/errors.ts';
import { checkInput, type InputRules } from '../model/input.ts';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import { MESSAGE_ROLES } from '../model/message.ts';
import { FileFault, shown } from './read-json.ts';
import { type FileTime, parseTime } from './time.ts';

const EXPECTED_TIME = 'expected a time such as 2026-03-01T10:00:00.000001, with or without an offset';
const ISSUES_SHOWN = 3;

const time = z.string(EXPECTED_TIME).transform((text, context): FileTime => {
  const read = parseTime(text);
  if (read) return read;
  context.addIssue(EXPECTED_TIME);
  return z.NEVER;
});

/** The shape of the Python module's files. What a session and its messages may hold is checked by the API's rules. */
export function fileRules(rules: InputRules) {
  const role = z.preprocess(
    (value) => MESSAGE_ROLES.find((known) => known.toLowerCase() === value) ?? value,
    rules.message.shape.role,
  );
  const entry = z.object({ role, content: rules.message.shape.content, timestamp: time });
  return {
    file: z.object({
      session_id: rules.sessionId,
      parent_session_id: z.string().nullish(),
      user_id: rules.userId.nullish(),
      created_at: time,
      last_active: time.nullish(),
      metadata: rules.metadata.nullish(),
      history: z.array(entry).nullish(),
    }),
    metadata: rules.metadata,
  };
}

export type FileRules = ReturnType<typeof fileRules>;

/** `value` as `rule` understands it. A FileFault names the first faults, from `root` down, and what came there. */
export function checkFile<Rule extends z.ZodType>(
  rule: Rule,
  value: unknown,
  root: readonly string[] = [],
): z.output<Rule> {
  try {
    return checkInput(rule, value, root);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    const faults = error.issues
      .slice(0, ISSUES_SHOWN)
      .map((issue) => describe(issue, valueAt(value, issue.path.slice(root.length))));
    const more = error.issues.length - faults.length;
    throw new FileFault(faults.join('; ') + (more > 0 ? `; and ${more} more` : ''));
  }
}

function describe({ path, message }: InputIssue, value: unknown): string {
  const saysWhatCame = /\b(?:got|received)\b/.test(message);
  return `${path.join('.')}: ${message}${saysWhatCame ? '' : `, got ${shown(value)}`}`;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((held, key) => {
    if (Array.isArray(held)) return held[Number(key)];
    return isJsonObject(held) && Object.hasOwn(held, key) ? (held as JsonObject)[key] : undefined;
  }, value);
}
