/** The variables with which a program that is started tells which of the modules that it loads match, on its standard error. */
export function tellLoaded(matching: RegExp): { readonly NODE_OPTIONS: string } {
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

/** What a program that was started with `tellLoaded` told. */
export function loadedIn(log: string): string[] {
  return log.match(/loaded \S+/g) ?? [];
}
