import type { ArchivedFilter as ArchivedFilterModel } from '../model/session.ts';
import { builder } from './builder.ts';

export const ArchivedFilter = builder.enumType('ArchivedFilter', {
  description: 'Which sessions a list has: archived ones or not.',
  values: {
    EXCLUDE: { description: 'Sessions that are not archived.' },
    INCLUDE: { description: 'All sessions.' },
    ONLY: { description: 'Archived sessions only.' },
  } satisfies Record<ArchivedFilterModel, { description: string }>,
});
