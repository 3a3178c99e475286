import { sizeOf } from '../graph/index.ts'
import type { Module } from '../nn/index.ts'

/** Memory for each of a model's parameters, by name: zeros. */
export const parameterMemory = (model: Module): Record<string, Float32Array> =>
  Object.fromEntries(
    [...model.parameters()].map(([name, { shape }]) => [name, new Float32Array(sizeOf(shape))]),
  )
