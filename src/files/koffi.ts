import koffi from 'koffi'
import { EngineUnavailable } from '../errors.ts'

export type { TypeObject } from 'koffi'
export { koffi }

/** An address; 0 and null are told apart by koffi, which returns null for 0. */
export type Pointer = bigint

/**
 * koffi runs C functions on stacks of its own, and 128 KiB (its default off the event loop) is too
 * little to load a model in. They can only be set before the first library is loaded.
 */
const STACK_BYTES = 4 << 20

/** koffi unloads a library that nothing refers to, even while functions found in it are in use. */
const libraries: ReturnType<typeof koffi.load>[] = []

/**
 * Loads a shared library for the life of the process; null is what the process itself consists of.
 * Throws `EngineUnavailable`.
 */
export function loadLibrary(path: string | null): ReturnType<typeof koffi.load> {
  try {
    if ((koffi.config().async_stack_size ?? 0) < STACK_BYTES)
      koffi.config({ async_stack_size: STACK_BYTES, sync_stack_size: STACK_BYTES })
  } catch {
    throw new EngineUnavailable(
      'koffi was used before with too small a stack; import chatwright first, or call ' +
        `koffi.config({ async_stack_size: ${STACK_BYTES} }) before the first koffi.load`,
    )
  }
  try {
    const library = koffi.load(path)
    libraries.push(library)
    return library
  } catch (error) {
    throw new EngineUnavailable(`cannot load ${path}: ${(error as Error).message}`)
  }
}
