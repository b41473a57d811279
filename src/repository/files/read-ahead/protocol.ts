/** Larger files are read a part at a time, by whoever wants them: their reading is no large part of the work. */
export const MAX_FILE = 64 * 1024;

/** More than so many bytes of one batch are left to be read in their turn. */
export const MAX_BATCH = 4 * 1024 * 1024;

/** In the place of a size: the file was not read. */
export const NOT_READ = -1;

/** Files as they were read, one after the other. */
export interface FilesRead {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Two numbers a file: its size or `NOT_READ`, and its time in milliseconds. */
  readonly places: Float64Array<ArrayBuffer>;
}
