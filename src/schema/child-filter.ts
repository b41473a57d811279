import {
  type ArchivedFilter as ArchivedFilterModel,
  type ChildFilter as ChildFilterModel,
  SESSION_STATUSES,
} from '../model/session.ts';
import { checkArgument, type RuleContext } from './argument-rules.ts';
import { builder } from './builder.ts';
import { SessionStatus } from './session.ts';

export const ArchivedFilter = builder.enumType('ArchivedFilter', {
  description: 'Which sessions a list has: archived ones or not.',
  values: {
    EXCLUDE: { description: 'Sessions that are not archived.' },
    INCLUDE: { description: 'All sessions.' },
    ONLY: { description: 'Archived sessions only.' },
  } satisfies Record<ArchivedFilterModel, { description: string }>,
});

export const ChildFilter = builder.inputType('ChildFilter', {
  description:
    'Conditions for children or descendants. A session must meet all that are given. What is beneath a session that the filter leaves out ' +
    'stays.',
  fields: (t) => ({
    archived: t.field({
      description: 'Which sessions the list has: archived ones or not.',
      type: ArchivedFilter,
      defaultValue: 'INCLUDE',
    }),
    statuses: t.field({ description: 'Sessions with any of these statuses.', type: [SessionStatus] }),
    agentName: t.string({ description: 'Sessions of this agent.' }),
  }),
});

/** The filter in its one form, so that equal filters are one batch; null if it leaves nothing out. Throws BAD_USER_INPUT. */
export function checkChildFilter(
  { filter }: { readonly filter?: ChildFilterModel | null | undefined },
  { rules }: Pick<RuleContext, 'rules'>,
): ChildFilterModel | null {
  if (filter == null) return null;
  const { archived, statuses, agentName = null } = checkArgument(rules.childFilter, filter, 'filter');
  const only = archived === 'INCLUDE' ? null : (archived ?? null);
  if (only === null && statuses == null && agentName === null) return null;
  const wanted = new Set(statuses);
  return {
    archived: only,
    statuses: statuses == null ? null : SESSION_STATUSES.filter((status) => wanted.has(status)),
    agentName,
  };
}
