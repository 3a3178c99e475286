import { sizeOf } from '../graph/index.ts'
import { INITIALIZATIONS, type Initialization, type Module } from '../nn/index.ts'
import type { Random } from '../random.ts'
import { type Model, stacksOf } from './model.ts'

/**
 * Fills the memory of every parameter with its starting values, in the order of the model's fields.
 * `scheme`: what matrices and embeddings are drawn by, in place of the layers' own.
 */
export function initialize(
  model: Module,
  random: Random,
  memory: (name: string) => Float32Array,
  scheme: Initialization = 'lecun',
): void {
  for (const [name, { shape, initializer }] of model.parameters()) {
    const values = memory(name)
    const { scale } = initializer
    if (scheme === 'lecun' || scale === undefined) {
      initializer(values, shape, random)
      continue
    }
    INITIALIZATIONS[scheme](values, shape, random)
    if (scale !== 1) for (let i = 0; i < values.length; i++) (values[i] as number) *= scale
  }
}

/** Memory for each of a model's parameters, by name: zeros. */
export const parameterMemory = (model: Module): Record<string, Float32Array> =>
  Object.fromEntries(
    [...model.parameters()].map(([name, { shape }]) => [name, new Float32Array(sizeOf(shape))]),
  )

/**
 * Floating-point operations to train on one token: 6 for each parameter of a matrix product, and
 * attention over `length` tokens (Chowdhery et al. 2022, appendix B). A forward pass is a third. Of
 * experts, those count that a token passes through; an encoder-decoder's token is one of each side.
 */
export function trainingFlopsPerToken(model: Model, length: number): number {
  const stacks = stacksOf(model.config)
  let multiplied = 0
  for (const [name, { shape }] of model.parameters()) {
    const { count = 1, perToken = 1 } = stacks[0]?.experts ?? {}
    const share = name.includes('.experts.') ? perToken / count : 1
    if (shape.length === 2 && !isLookup(model, name)) multiplied += share * sizeOf(shape)
  }
  const attention = stacks.reduce(
    (total, { layers, heads, headDim }) => total + 12 * layers * heads * headDim * length,
    0,
  )
  return 6 * multiplied + attention
}

/** Rows of it are looked up, and it is multiplied with nothing. */
function isLookup(model: Model, name: string): boolean {
  if (/\.embed_(positions|types)\.|relative_bias/.test(name)) return true
  const { config } = model
  const tied = config.kind === 'encoder' ? config.head.task === 'mlm' : config.tied
  return /\.(embed_tokens|shared)\./.test(name) && !tied
}
