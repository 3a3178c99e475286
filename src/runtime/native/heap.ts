import { loadLibrary } from '../../files/koffi.ts'

/** `M_MMAP_THRESHOLD` of glibc's malloc.h. */
const MMAP_THRESHOLD = -3
const LARGE = 1 << 20

/**
 * Blocks of a megabyte and more go back to the system as soon as they are freed, in the whole
 * process.
 * Otherwise glibc adapts to what is freed and keeps it, between blocks that are in use: while
 * weights are turned and packed, as much again as they have.
 */
export function giveBackLargeBlocks(): void {
  if (process.platform !== 'linux') return
  try {
    loadLibrary('libc.so.6').func('mallopt', 'int', ['int', 'int'])(MMAP_THRESHOLD, LARGE)
  } catch {
    // another libc
  }
}
