/** True if an answer shows something of the inside: a stack, or a path of this machine. */
export function showsInside(text: string, directory: string): boolean {
  return text.includes(directory) || INSIDE.some((one) => one.test(text));
}

const INSIDE = [/\bat .*\.(ts|js|mjs):\d+/, /node:internal/, /node_modules/];
