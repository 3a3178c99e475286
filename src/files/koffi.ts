import koffi from 'koffi'
import { EngineUnavailable } from '../errors.ts'

export type { TypeObject } from 'koffi'
export { koffi }

/** An address. koffi returns null for 0. */
export type Pointer = bigint

/**
 * koffi runs C functions on stacks of its own. Its default off the event loop, 128 KiB, is too
 * small for loading a model. Sizes can only be set before the first library is loaded.
 */
const STACK_BYTES = 4 << 20

/** Referenced forever: koffi unloads unreferenced libraries even if their functions are in use. */
const libraries: ReturnType<typeof koffi.load>[] = []

/**
 * Loads a shared library for the life of the process; null means the process's own symbols. Throws
 * `EngineUnavailable`.
 */
export function loadLibrary(path: string | null): ReturnType<typeof koffi.load> {
  try {
    if ((koffi.config().async_stack_size ?? 0) < STACK_BYTES)
      koffi.config({ async_stack_size: STACK_BYTES, sync_stack_size: STACK_BYTES })
  } catch {
    throw new EngineUnavailable(
      'koffi was already initialized with too small a stack; import chatwright first, or call ' +
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
