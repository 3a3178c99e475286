import { input } from '../../../graph/index.ts'
import type { Model } from '../../../models/model.ts'
import { type Adaptable, adaptablesOf } from './adaptable.ts'
import { type AdapterUse, type LowRankValues, targetsIn, weighted } from './adapter.ts'
import { attach } from './attach.ts'

/** A and B of one matrix, with the scale in B. */
export interface Stacked {
  rank: number
  /** (rank, in) */
  down: Float32Array
  /** (out, rank) */
  up: Float32Array
}

/** Names of a matrix's A and B among the inputs of a graph. */
export const inputNames = (model: Model, { name }: Adaptable): { down: string; up: string } => ({
  down: model.inputName(`adapter.${name}.down`),
  up: model.inputName(`adapter.${name}.up`),
})

/**
 * Makes every matrix of a model but the output adaptable while it runs: the updates are inputs of
 * its graphs, of any rank each, so that one program serves whatever adapters.
 */
export function attachInputs(model: Model): Adaptable[] {
  const targets = [...adaptablesOf(model).values()].filter(({ isOutput }) => !isOutput)
  for (const target of targets) {
    const names = inputNames(model, target)
    const rank = model.inputName(`rank.${target.name}`)
    attach(target, {
      down: input(names.down, 'float32', [rank, target.inputs]),
      up: input(names.up, 'float32', [target.outputs, rank]),
    })
  }
  return targets
}

/**
 * Several adapters as one: their As stand below each other and their Bs, times weight and scale,
 * beside each other, so that the product is the sum of theirs. A matrix that none updates has an
 * update of zero.
 */
export function stackAdapters(
  model: Model,
  targets: readonly Adaptable[],
  uses: readonly AdapterUse[],
): Map<Adaptable, Stacked> {
  const found = new Map<string, { values: LowRankValues; weight: number }[]>()
  for (const { adapter, weight } of uses.map(weighted))
    for (const { target, values } of targetsIn(model, adapter))
      found.set(target.name, [...(found.get(target.name) ?? []), { values, weight }])
  return new Map(targets.map((target) => [target, stacked(target, found.get(target.name) ?? [])]))
}

function stacked(
  { inputs, outputs }: Adaptable,
  parts: readonly { values: LowRankValues; weight: number }[],
): Stacked {
  const rank = Math.max(
    1,
    parts.reduce((total, { values }) => total + values.rank, 0),
  )
  const down = new Float32Array(rank * inputs)
  const up = new Float32Array(outputs * rank)
  let first = 0
  for (const { values, weight } of parts) {
    down.set(values.down, first * inputs)
    const factor = weight * values.scale
    for (let row = 0; row < outputs; row++)
      for (let r = 0; r < values.rank; r++)
        up[row * rank + first + r] = factor * (values.up[row * values.rank + r] as number)
    first += values.rank
  }
  return { rank, down, up }
}
