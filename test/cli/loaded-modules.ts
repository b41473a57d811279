/** Environment variables that make a program print, on its standard error, each module that it loads whose URL matches. */
export function printLoaded(matching: RegExp): { readonly NODE_OPTIONS: string } {
  const hook = `
import { registerHooks } from 'node:module';
registerHooks({
  load(url, context, next) {
    if (${matching}.test(url)) process.stderr.write('loaded ' + url + '\\n');
    return next(url, context);
  },
});`;
  return { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(hook)}"` };
}

/** The modules that a program started with `printLoaded` has printed. */
export function loadedIn(log: string): string[] {
  return log.match(/loaded \S+/g) ?? [];
}
