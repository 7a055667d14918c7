/** How the pictures of a recording follow each other. */

/** Bytes before each picture in `frames`: big-endian uint32, its time in ms since the start and its length. */
export const recordHeaderBytes = 8
