import { applyAll, at, type Node, type Tensor, topologicalOrder } from './tensor.ts'

/**
 * The graph of `outputs` with other tensors in place of some: `replace` may give other outputs for
 * a node, whose inputs are replaced already; tensors of `ends` are replaced by what they map to,
 * and nothing below them is looked at.
 */
export function mapGraph(
  outputs: readonly Tensor[],
  replace: (node: Node, inputs: readonly Tensor[]) => readonly Tensor[] | undefined,
  ends: ReadonlyMap<Tensor, Tensor> = new Map(),
): Tensor[] {
  const replaced = new Map(ends)
  const known = new Set([...ends.keys()].map((t) => t.node))
  for (const node of topologicalOrder(outputs, known)) {
    const inputs = node.inputs.map((t) => replaced.get(t) ?? t)
    const same = inputs.every((t, i) => t === node.inputs[i])
    const others =
      replace(node, inputs) ?? (same ? node.outputs : applyAll(node.op, inputs, node.attrs))
    for (const [i, t] of node.outputs.entries()) replaced.set(t, at(others, i))
  }
  return outputs.map((t) => replaced.get(t) ?? t)
}
