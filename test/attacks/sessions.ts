/** A session that no attack names. Whatever happens, all of it must stay as it is. */
export const WITNESS = 'witness';
/** The session that the good client beside an attack appends to. */
export const GOOD_CLIENT = 'good-client';
