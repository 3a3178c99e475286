import { isFixed } from './dim.ts'
import { onesLike } from './ops/broadcast.ts'
import { add } from './ops/elementwise.ts'
import { constant } from './ops/leaf.ts'
import { type Node, ShapeError, type Tensor, topologicalOrder } from './tensor.ts'

/**
 * Reverse-mode differentiation: the gradients of `loss` with respect to each of `parameters`, as
 * tensors of the same graph. Ask for the gradient of a gradient to go on.
 *
 * `loss` of any shape is weighted by `seed` (default: ones). A parameter on which it does not
 * depend gets zeros.
 */
export function grad(loss: Tensor, parameters: readonly Tensor[], seed?: Tensor): Tensor[] {
  const order = topologicalOrder([loss])
  const found = accumulate(order, loss, parameters, seed ?? onesLike(loss))
  return parameters.map((parameter, i) => found[i] ?? zerosLike(parameter))
}

/**
 * The gradients of `sources` for the gradient `g` of `output`: of its direct dependence on them,
 * not through one another. Undefined where there is none.
 */
export function pullback(
  output: Tensor,
  sources: readonly Tensor[],
  g: Tensor,
): (Tensor | undefined)[] {
  const order = topologicalOrder([output], new Set(sources.map((t) => t.node)))
  return accumulate(order, output, sources, g)
}

function accumulate(
  order: readonly Node[],
  output: Tensor,
  sources: readonly Tensor[],
  g: Tensor,
): (Tensor | undefined)[] {
  const leaves = new Set(sources)
  const relevant = dependents(order, leaves)
  const gradients = new Map<Tensor, Tensor>([[output, g]])
  for (const node of order.toReversed()) {
    if (!relevant.has(node) || !node.op.vjp) continue
    const incoming = node.outputs.map((output) => gradients.get(output))
    if (incoming.every((g) => g === undefined)) continue
    const outgoing = node.op.vjp(node, incoming)
    for (const [i, tensor] of node.inputs.entries()) {
      const gradient = outgoing[i]
      const wanted = relevant.has(tensor.node) || leaves.has(tensor)
      if (!gradient || !wanted) continue
      const sum = gradients.get(tensor)
      gradients.set(tensor, sum ? add(sum, gradient) : gradient)
    }
  }
  return sources.map((source) => gradients.get(source))
}

/** Nodes whose value changes with one of `leaves`. */
function dependents(order: readonly Node[], leaves: ReadonlySet<Tensor>): Set<Node> {
  const found = new Set<Node>()
  for (const node of order)
    if ([...node.outputs, ...node.inputs].some((t) => leaves.has(t) || found.has(t.node)))
      found.add(node)
  return found
}

function zerosLike(tensor: Tensor): Tensor {
  if (!isFixed(tensor.shape))
    throw new ShapeError('grad', [tensor], 'the loss does not depend on it, and its size is open')
  return constant(0, tensor.shape, tensor.dtype)
}
