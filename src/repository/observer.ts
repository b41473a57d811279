/** Where a store says what it did and what it found; a pino logger fits. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Called now and then during long work. `total` is 0 where it is not known yet. */
export type Progress = (stage: string, done: number, total: number) => void;
