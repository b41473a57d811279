/** A value of a parameter: arrays are arrays in SQL, bytes are a `bytea`. */
export type Value =
  | string
  | number
  | boolean
  | null
  | Buffer
  | readonly (string | number | boolean | null | Buffer)[];
