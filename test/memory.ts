import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/**
 * What resident memory grows by from one round of `work` to the next, in MiB: the least of several
 * rounds, since a leak grows in every one and a heap that is being resized does not. Each reading
 * comes after work and one collection: a second collection would give back more.
 */
export async function growth(work: () => void | Promise<void>): Promise<number> {
  const held = async () => {
    await work()
    collectGarbage()
    return process.memoryUsage.rss()
  }
  await work()
  let before = await held()
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 12 && least > 1; round++) {
    const after = await held()
    least = Math.min(least, (after - before) / 2 ** 20)
    before = after
  }
  return least
}
