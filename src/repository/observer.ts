/** The logger of a store. A pino logger fits. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Called at intervals during long work. `total` is 0 while it is unknown. */
export type Progress = (stage: string, done: number, total: number) => void;
