import type { JsonObject } from '../../model/json.ts';
import { without } from '../source-json.ts';

/** The kind under which the icons of projects are counted. */
export const PROJECT_ICON = 'project.icon';

/** A project, as the metadata of each of its sessions has it. */
export interface DescribedProject {
  readonly project: JsonObject;
  /** The members that were left out. */
  readonly icons: number;
}

/** Without the icon, an image: each session of the project has a copy of the rest. */
export function describedProject(info: JsonObject): DescribedProject {
  const all = without(info, []);
  const project = without(
    all,
    Object.keys(all).filter((name) => name.startsWith('icon')),
  );
  return { project, icons: Object.keys(all).length - Object.keys(project).length };
}

/** What a revision has of a project: opencode writes the times of it again and again. Null: there is none. */
export function revisedProject(project: JsonObject | null | undefined): JsonObject | null {
  return project ? without(project, ['time', 'time_created', 'time_updated', 'time_initialized']) : null;
}
