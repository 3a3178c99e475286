import { loadLibrary } from './koffi.ts'

let trim: (() => void) | undefined

/**
 * Gives memory freed by malloc back to the system, where glibc would keep it: after weights were
 * loaded, as much again as they have.
 */
export function trimHeap(): void {
  trim ??= findTrim()
  trim()
}

function findTrim(): () => void {
  const nothing = () => {}
  if (process.platform !== 'linux') return nothing
  try {
    const mallocTrim = loadLibrary('libc.so.6').func('malloc_trim', 'int', ['size_t'])
    return () => mallocTrim(0)
  } catch {
    return nothing // another libc
  }
}
