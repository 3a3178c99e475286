import { pullback } from './grad.ts'
import { mapGraph } from './map-graph.ts'
import { barrier } from './ops/barrier.ts'
import { customGradient } from './ops/custom-gradient.ts'
import { asInput } from './ops/leaf.ts'
import { at, type Node, type Tensor, topologicalOrder } from './tensor.ts'

/**
 * `output`, recomputed from `inputs` when its gradient is, instead of kept in memory until then
 * (Chen et al. 2016): in a deep network, mark each layer as `x = recompute(layer(x), [x])`.
 * Everything between `output` and `inputs`, or the program's own inputs, is recomputed.
 */
export function recompute(output: Tensor, inputs: readonly Tensor[]): Tensor {
  const ends = new Set(inputs.map((t) => t.node))
  const segment = topologicalOrder([output], ends)
  const starts = [output, ...segment.flatMap((node) => node.inputs)].filter((t) => ends.has(t.node))
  const leaves = segment.filter(asInput).flatMap((node) => node.outputs)
  const early = new Set(usedEarly(segment, ends))
  const sources = [...new Set(starts), ...leaves]
  const late = sources.map((t) => ends.has(t.node) || early.has(t))
  return customGradient(output, sources, (g, sources, value) => {
    // Without barriers both computations would be equal, and made one again.
    const again = sources.map((t, i) => (late[i] ? barrier(t, g) : t))
    const instead = new Map(sources.map((t, i) => [t, at(again, i)]))
    const [recomputed] = mapGraph([value], () => undefined, instead)
    return pullback(recomputed as Tensor, again, g)
  })
}

/** Leaves from which something is computed that depends on none of `ends`, as dropout masks are. */
function usedEarly(segment: readonly Node[], ends: ReadonlySet<Node>): Tensor[] {
  const late = new Set(ends)
  for (const node of segment) if (node.inputs.some((t) => late.has(t.node))) late.add(node)
  return segment.filter((node) => !late.has(node)).flatMap((node) => node.inputs)
}
