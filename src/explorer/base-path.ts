/** The path under which a proxy has the server, without a slash at its end; empty if that is the root. The server writes it into the page. */
export const BASE_PATH =
  globalThis.document?.querySelector<HTMLMetaElement>('meta[name="base-path"]')?.content ?? '';
