import { input, mapGraph, matmul, type Tensor, topologicalOrder } from '../../graph/index.ts'
import { asInput } from '../../graph/ops/leaf.ts'

/**
 * A graph whose products x Wᵀ with weights (out, in) are products x W with the same matrix stored
 * as (in, out), which every runtime and tool takes for a layer as it is. Matrices that serve
 * otherwise too, as a tied embedding does, stay. `stored`: the weight that each new name is the
 * transpose of.
 */
export function storeTransposed(
  outputs: Readonly<Record<string, Tensor>>,
  isWeight: (name: string) => boolean,
): { outputs: Record<string, Tensor>; stored: Map<string, string> } {
  const elsewhere = new Set<Tensor>()
  for (const node of topologicalOrder(Object.values(outputs)))
    for (const [i, t] of node.inputs.entries())
      if (node.op.name !== 'matmul' || i !== 1) elsewhere.add(t)
  const stored = new Map<string, string>()
  const made = new Map<string, Tensor>()
  const mapped = mapGraph(Object.values(outputs), ({ op, attrs }, [x, matrix]) => {
    const leaf = matrix && op.name === 'matmul' ? asInput(matrix.node) : undefined
    const { transposeA, transposeB, scale } = attrs as Record<string, unknown>
    if (!x || !matrix || !leaf || !isWeight(leaf.name) || elsewhere.has(matrix)) return undefined
    if (transposeA || !transposeB || scale !== 1) return undefined
    const name = `${leaf.name}_transposed`
    const transposed = made.get(name) ?? input(name, leaf.dtype, [...leaf.shape].reverse())
    made.set(name, transposed)
    stored.set(name, leaf.name)
    return [matmul(x, transposed)]
  })
  const names = Object.keys(outputs)
  return { outputs: Object.fromEntries(mapped.map((t, i) => [names[i], t])), stored }
}
