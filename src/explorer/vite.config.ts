import { join } from 'node:path';
import { defineConfig } from 'vite';

/** The page is built into `dist/explorer`, from where the server serves it. */
export default defineConfig({
  root: import.meta.dirname,
  // Relative: the server puts the path under which it is before those in the page.
  base: './',
  logLevel: 'warn',
  resolve: { alias: { react: 'preact/compat', 'react-dom': 'preact/compat' } },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: join(import.meta.dirname, '../../dist/explorer'),
    emptyOutDir: true,
    target: 'es2023',
    // Files within the page would be against its content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
