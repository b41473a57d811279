import type { ExportFormat } from './format.ts';
import { html } from './html/html.ts';
import { markdown } from './markdown/markdown.ts';
import { sessiontree } from './sessiontree/sessiontree.ts';

/** The formats of `sessiontree export`; the first is the default. */
export const EXPORT_FORMATS: readonly ExportFormat[] = [sessiontree, markdown, html];
