import type { Dim, Shape } from '../../src/graph/dim.ts'
import { type Node, type Tensor, topologicalOrder } from '../../src/graph/tensor.ts'
import type { NdArray } from './array.ts'
import { cachedAttention } from './cached-attention.ts'
import { elementwise } from './elementwise.ts'
import { leaf } from './leaf.ts'
import { loss } from './loss.ts'
import { matrix } from './matrix.ts'
import { reduce } from './reduce.ts'
import { select } from './select.ts'
import { shape } from './shape.ts'

/** What an op computes: the values of a node, given those of its inputs. */
export type Evaluate = (
  inputs: readonly NdArray[],
  node: Node,
  context: Context,
) => NdArray | NdArray[]

export interface Context {
  feeds: Feeds
  /** The number that a dimension stands for in this evaluation. */
  size: (dim: Dim) => number
  /** Tells the number of a dimension that follows from values. */
  define: (dim: string, size: number) => void
}

/** A value for each input of the graph, by name. */
export type Feeds = Readonly<
  Record<string, { shape: readonly number[]; values: ArrayLike<number> }>
>

const OPS: Record<string, Evaluate> = {
  ...leaf,
  ...elementwise,
  ...reduce,
  ...matrix,
  ...shape,
  ...select,
  ...loss,
  cachedAttention,
}

export const opNames = Object.keys(OPS)

/**
 * The graph computed the slow, obvious way, in float64: one plain function per op. Named dimensions
 * take their sizes from the feeds. Throws where an op's result has not the shape that it stated.
 */
export function evaluate(outputs: readonly Tensor[], feeds: Feeds): NdArray[] {
  const values = new Map<Tensor, NdArray>()
  const order = topologicalOrder(outputs)
  const { size, define } = sizesOf(order, feeds)
  const context: Context = { feeds, size, define }
  for (const node of order) {
    const op = OPS[node.op.name]
    if (!op) throw new Error(`the interpreter has no op named ${node.op.name}`)
    const inputs = node.inputs.map((t) => values.get(t) as NdArray)
    const results = [op(inputs, node, context)].flat()
    for (const [i, output] of node.outputs.entries()) {
      const result = results[i] as NdArray
      const stated = output.shape.map(context.size)
      if (String(stated) !== String(result.shape))
        throw new Error(`${node.op.name} states (${stated}) and computes (${result.shape})`)
      values.set(output, result)
    }
  }
  return outputs.map((t) => values.get(t) as NdArray)
}

/** Reads the size of each named dimension from the feeds; products and sums of names follow. */
function sizesOf(order: readonly Node[], feeds: Feeds): Pick<Context, 'size' | 'define'> {
  const sizes = new Map<string, number>()
  for (const node of order) {
    if (node.op.name !== 'input') continue
    const { name, shape } = node.attrs as { name: string; shape: Shape }
    const feed = feeds[name]
    if (!feed) throw new Error(`no value for the input ${name}`)
    for (const [i, dim] of shape.entries()) {
      const size = feed.shape[i] as number
      if ((typeof dim === 'number' ? dim : (sizes.get(dim) ?? size)) !== size)
        throw new Error(`${name}: (${feed.shape}) given for (${shape})`)
      if (typeof dim === 'string') sizes.set(dim, size)
    }
  }
  const size = (dim: Dim): number => {
    const known = typeof dim === 'number' ? dim : sizes.get(dim)
    if (known !== undefined) return known
    const factors = String(dim).split('*')
    if (factors.length > 1) return factors.reduce((n, factor) => n * size(factor), 1)
    const terms = String(dim).split('+')
    if (terms.length > 1) return terms.reduce((n, term) => n + size(term), 0)
    if (Number.isNaN(Number(dim))) throw new Error(`no input has a dimension named ${dim}`)
    return Number(dim)
  }
  return { size, define: (dim, number) => sizes.set(dim, number) }
}
