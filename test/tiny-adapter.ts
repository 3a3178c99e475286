import { adaptablesOf } from '../src/formats/peft/lora/adaptable.ts'
import type { Adapter } from '../src/formats/peft/lora/adapter.ts'
import type { Model } from '../src/models/model.ts'
import { Random } from '../src/random.ts'

/** An adapter of every matrix but the output, large enough to show in each text. */
export function tinyAdapter(model: Model, seed: number, rank = 2, size = 1): Adapter {
  const random = new Random(seed)
  const drawn = (count: number, deviation: number) =>
    Float32Array.from({ length: count }, () => deviation * random.normal())
  const targets = [...adaptablesOf(model).values()].filter(({ isOutput }) => !isOutput)
  const updates = targets.map(({ name, inputs, outputs }) => {
    const down = drawn(rank * inputs, 1 / Math.sqrt(inputs))
    const up = drawn(outputs * rank, size)
    return [name, { rank, down, up, scale: 0.5 }] as const
  })
  return { name: `adapter ${seed}`, updates: new Map(updates), replaced: new Map() }
}
