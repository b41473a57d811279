/** True if `project` is the directory `wanted`, one beneath it, or has `wanted` as its last part. */
export function isUnder(project: string | null, wanted: string): boolean {
  if (project === null) return false;
  const bare = wanted.replace(/[\\/]+$/, '');
  if (project === bare || project.startsWith(`${bare}/`) || project.startsWith(`${bare}\\`)) return true;
  return project.split(/[\\/]/).at(-1) === bare;
}
