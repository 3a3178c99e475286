import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { residentMemory } from '../src/runtime/memory.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/**
 * What resident memory grows by over `work`, in MiB: the least of several rounds, since a leak grows
 * in every one and a heap that is being resized does not.
 */
export async function growth(work: () => void | Promise<void>): Promise<number> {
  await work()
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 12 && least > 1; round++) {
    collectGarbage()
    const before = residentMemory()
    await work()
    collectGarbage()
    least = Math.min(least, (residentMemory() - before) / 2 ** 20)
  }
  return least
}
