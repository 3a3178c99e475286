import { formatShape, type Shape } from './dim.ts'
import type { DType } from './dtype.ts'
import type { Emitter } from './onnx/emitter.ts'

/**
 * A symbolic tensor: an output of a node. Nothing is computed when one is made; a graph is the
 * tensors that its outputs depend on.
 */
export class Tensor {
  readonly node: Node
  readonly index: number
  readonly dtype: DType
  readonly shape: Shape

  constructor(node: Node, index: number, spec: Spec) {
    this.node = node
    this.index = index
    this.dtype = spec.dtype
    this.shape = spec.shape
  }

  get rank(): number {
    return this.shape.length
  }

  toString(): string {
    return `${this.node.op.name}${formatShape(this.shape)}`
  }
}

export interface Spec {
  dtype: DType
  shape: Shape
}

export interface Node<A extends object = object> {
  readonly op: Op<A>
  readonly inputs: readonly Tensor[]
  readonly attrs: A
  readonly outputs: readonly Tensor[]
}

/** What one operation is: its shape rule, its derivative and its ONNX form. */
export interface Op<A extends object = object> {
  readonly name: string
  /** Shapes and dtypes of the outputs. Throws `ShapeError` when the inputs do not fit. */
  infer(inputs: readonly Tensor[], attrs: A): Spec | Spec[]
  /**
   * Vector-Jacobian product: gradients of the inputs, given those of the outputs (undefined: zero).
   * Without one, the op is constant to the derivative.
   */
  vjp?(node: Node<A>, gradients: readonly (Tensor | undefined)[]): readonly (Tensor | undefined)[]
  /** Tensors of simpler ops equal to the outputs; those that are not wanted may be missing. */
  lower?(node: Node<A>, wanted: readonly boolean[]): readonly (Tensor | undefined)[]
  /** A cheaper tensor equal to the node's first output, if there is one. */
  simplify?(node: Node<A>): Tensor | undefined
  /** Emits ONNX nodes that compute `node.outputs`; ops that are always replaced have none. */
  onnx?(node: Node<A>, emit: Emitter): void
}

export class ShapeError extends Error {
  override name = 'ShapeError'

  constructor(op: string, inputs: readonly Tensor[], problem: string) {
    const shapes = inputs.map((t) => formatShape(t.shape)).join(' and ')
    const names = inputs.flatMap((t) => leafName(t) ?? [])
    const where = names.length > 0 ? ` [${names.join(', ')}]` : ''
    super(`${op}: ${shapes}${where}: ${problem}`)
  }
}

/** Throws a `ShapeError` unless each of `inputs` has one of the dtypes that the op takes. */
export function checkDTypes(op: string, inputs: readonly Tensor[], takes: readonly DType[]): void {
  const other = inputs.find((t) => !takes.includes(t.dtype))
  if (other) throw new ShapeError(op, inputs, `it takes ${takes.join(' or ')}, not ${other.dtype}`)
}

/** The name of an input or parameter, also behind reshapes and transposes of it. */
function leafName(tensor: Tensor): string | undefined {
  let { op, attrs, inputs } = tensor.node
  while (inputs.length === 1) ({ op, attrs, inputs } = at(inputs, 0).node)
  return op.name === 'input' ? (attrs as { name: string }).name : undefined
}

/** Applies `op`; its outputs. */
export function applyAll<A extends object>(
  op: Op<A>,
  inputs: readonly Tensor[],
  attrs: A,
): Tensor[] {
  const inferred = op.infer(inputs, attrs)
  const outputs: Tensor[] = []
  const node: Node<A> = { op, inputs, attrs, outputs }
  for (const [i, spec] of (Array.isArray(inferred) ? inferred : [inferred]).entries())
    outputs.push(new Tensor(node as Node, i, spec))
  return outputs
}

/** Applies an op of one output (or whose first output is the one of interest). */
export const apply = <A extends object>(op: Op<A>, inputs: readonly Tensor[], attrs: A): Tensor =>
  applyAll(op, inputs, attrs)[0] as Tensor

/** The i-th input of a node or list; it exists by the op's own definition. */
export const at = <T>(list: readonly T[], index: number): T => {
  const item = list[index]
  if (item === undefined) throw new RangeError(`no item ${index} in a list of ${list.length}`)
  return item
}

/** Nodes that `outputs` depend on, each after its inputs; `known` ones and those below them not. */
export function topologicalOrder(outputs: Iterable<Tensor>, known?: ReadonlySet<Node>): Node[] {
  const order: Node[] = []
  const seen = new Set<Node>()
  const isSeen = (node: Node) => seen.has(node) || known?.has(node)
  for (const output of outputs) {
    const stack: [node: Node, next: number][] = [[output.node, 0]]
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as [Node, number]
      const [node, next] = top
      if (next === 0 && isSeen(node)) {
        stack.pop()
      } else if (next < node.inputs.length) {
        if (next === 0) seen.add(node)
        top[1]++
        const input = at(node.inputs, next).node
        if (!isSeen(input)) stack.push([input, 0])
      } else {
        seen.add(node)
        order.push(node)
        stack.pop()
      }
    }
  }
  return order
}
