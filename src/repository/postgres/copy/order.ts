import { ROOT_PATH } from '../rows/path.ts';
import { beginningOf, inPreOrder } from '../rows/path-sql.ts';

/** A place in the order of a dump: trees by their roots, and each of them in pre-order. */
export interface OrderPlace {
  readonly root: number;
  readonly path: Buffer;
}

/** Before all sessions. */
export const BEFORE_ALL: OrderPlace = { root: 0, path: ROOT_PATH };

const BEGINNING = beginningOf('s.path');
const BEGINNING_AFTER = beginningOf('$2::bytea');

/** The sessions `s` behind the place whose members are $1 and $2, in order. The row comparison is the part that the index can use. */
export const IN_ORDER_AFTER = `WHERE (s.root, ${BEGINNING}) >= ($1::int8, ${BEGINNING_AFTER})
    AND (s.root > $1::int8 OR ${BEGINNING} > ${BEGINNING_AFTER} OR s.path > $2::bytea)
  ORDER BY s.root, ${inPreOrder('s')}`;
