import type { Limits } from '../../../model/limits.ts';
import type { Logger } from '../../observer.ts';
import type { ReadParts } from '../read/parts.ts';
import type { Creations } from './creations.ts';
import type { Removals } from './removals.ts';
import type { SessionMutations } from './session-mutations.ts';
import type { TreeLanes } from './tree-lanes.ts';
import type { Trees } from './trees.ts';

/** What mutations work with. */
export interface WriteParts extends ReadParts {
  readonly storeId: string;
  readonly trees: Trees;
  readonly lanes: TreeLanes;
  readonly mutations: SessionMutations;
  readonly creations: Creations;
  readonly removals: Removals;
  readonly limits: Limits;
  readonly logger: Logger;
}
