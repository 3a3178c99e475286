import { z } from 'zod'
import type { Examples } from '../../data/batch.ts'
import { position } from '../../data/readers/reader.ts'

const lists = z.record(z.string(), z.array(z.number()))

/** Examples as JSON, to the last bit. */
export const savedSchema = z.object({
  rows: position,
  length: position,
  count: position,
  figures: z.record(z.string(), z.number()),
  /** Arrays of whole numbers and of others, which JSON does not tell apart. */
  int32: lists,
  float32: lists,
})

export type SavedExamples = z.output<typeof savedSchema>

export function savedExamples({ arrays, figures = {}, ...sizes }: Examples): SavedExamples {
  const saved: SavedExamples = { ...sizes, figures: { ...figures }, int32: {}, float32: {} }
  for (const [name, values] of Object.entries(arrays))
    saved[values instanceof Int32Array ? 'int32' : 'float32'][name] = Array.from(values)
  return saved
}

export function restoredExamples({ int32, float32, ...sizes }: SavedExamples): Examples {
  const arrays: Record<string, Int32Array | Float32Array> = {}
  for (const [name, list] of Object.entries(int32)) arrays[name] = Int32Array.from(list)
  for (const [name, list] of Object.entries(float32)) arrays[name] = Float32Array.from(list)
  return { ...sizes, arrays }
}
