import type { NodeProto } from './proto.ts'

/**
 * The nodes in an order in which little lies in memory. ONNX Runtime computes a graph from its last
 * node without consumers to its first, each after what it needs. So these, which are outputs, come
 * at the end, the deepest first: the loss is then computed before the backward pass, and gradients
 * of weights, layer by layer, when what they need is there.
 */
export function forMemory(nodes: readonly NodeProto[]): NodeProto[] {
  const consumed = new Set(nodes.flatMap((node) => node.inputs))
  const depths = new Map<string, number>()
  const depth = new Map<NodeProto, number>()
  for (const node of nodes) {
    const below = node.inputs.reduce((most, name) => Math.max(most, depths.get(name) ?? 0), 0)
    depth.set(node, below + 1)
    for (const name of node.outputs) depths.set(name, below + 1)
  }
  const isInner = (node: NodeProto) => node.outputs.some((name) => consumed.has(name))
  const ends = nodes.filter((node) => !isInner(node))
  ends.sort((a, b) => (depth.get(b) ?? 0) - (depth.get(a) ?? 0))
  return [...nodes.filter(isInner), ...ends]
}
