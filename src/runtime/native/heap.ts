import { loadLibrary } from './koffi.ts'

/** `M_MMAP_THRESHOLD` of glibc's malloc.h. */
const MMAP_THRESHOLD = -3
const LARGE = 1 << 20

/**
 * Memory blocks of a megabyte and more go back to the system as soon as they are freed. Otherwise glibc keeps
 * them, between others that are in use: while weights are turned and packed, as much again as they have.
 */
export function giveBackLargeBlocks(): void {
  if (process.platform !== 'linux') return
  try {
    loadLibrary('libc.so.6').func('mallopt', 'int', ['int', 'int'])(MMAP_THRESHOLD, LARGE)
  } catch {
    // another libc
  }
}
