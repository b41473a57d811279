import type { Attack } from '../attack.ts';
import { ANSWERS } from './answers.ts';
import { BODIES } from './bodies.ts';
import { CALLERS } from './callers.ts';
import { CONNECTIONS } from './connections.ts';
import { DOCUMENTS } from './documents.ts';
import { DRAFTS } from './drafts.ts';
import { ENDINGS } from './endings.ts';
import { FILES } from './files.ts';
import { FILTERS } from './filters.ts';
import { KEYS } from './keys.ts';
import { REQUESTS } from './requests.ts';
import { SEARCHES } from './searches.ts';
import { WALKS } from './walks.ts';

/** All attacks, by family. */
export const ATTACKS: readonly Attack[] = [
  ...ANSWERS,
  ...BODIES,
  ...DOCUMENTS,
  ...SEARCHES,
  ...FILTERS,
  ...KEYS,
  ...DRAFTS,
  ...WALKS,
  ...REQUESTS,
  ...CONNECTIONS,
  ...FILES,
  ...ENDINGS,
  ...CALLERS,
];
