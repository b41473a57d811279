/**
 * Bodies and answers up to this size always find room: the number of connections bounds what they take together. A client that sends
 * and asks for little is served whatever others do.
 */
export const SMALL_BYTES = 64 * 1024;
