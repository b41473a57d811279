import { z } from 'zod';
import { InvalidInputError } from '../../model/errors.ts';
import { checkInput, type InputRules } from '../../model/input.ts';
import { MESSAGE_ROLES } from '../../model/message.ts';
import { FileFault, shown } from './read-json.ts';
import { type FileTime, parseTime } from './time.ts';

const EXPECTED_TIME = 'a time such as 2026-03-01T10:00:00.000001, with or without an offset';
const ISSUES_SHOWN = 3;

const time = z.string(EXPECTED_TIME).transform((text, context): FileTime => {
  const read = parseTime(text);
  if (read) return read;
  context.addIssue(EXPECTED_TIME);
  return z.NEVER;
});

/** The shape of the Python module's files. The contents of sessions and messages are checked by the rules of the API. */
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

/** Parses `value` by `rule`. Throws a FileFault that lists the first faults, with their paths (below `root`) and values. */
export function checkFile<Rule extends z.ZodType>(
  rule: Rule,
  value: unknown,
  root: readonly string[] = [],
): z.output<Rule> {
  try {
    return checkInput(rule, value, root, shown);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    const faults = error.issues
      .slice(0, ISSUES_SHOWN)
      .map(({ path, message }) => `${path.join('.')}: ${message}`);
    const more = error.issues.length - faults.length;
    throw new FileFault(faults.join('; ') + (more > 0 ? `; and ${more} more` : ''));
  }
}
