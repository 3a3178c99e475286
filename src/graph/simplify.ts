import { UserError } from '../errors.ts'
import { sameShape } from './dim.ts'
import { asInput, uniformValue } from './ops/leaf.ts'
import { gemmOp, type MatMulAttrs, matmul } from './ops/matmul.ts'
import { transpose } from './ops/shape.ts'
import { apply, applyAll, at, type Node, type Tensor, topologicalOrder } from './tensor.ts'

/**
 * The same outputs at less cost: dead nodes go (they are not reached), equal nodes become one,
 * constants are folded, each op's own rules apply, and sums move into matrix products.
 */
export function simplify(outputs: readonly Tensor[]): Tensor[] {
  refuseNamesakes(outputs)
  return fuse(rewrite(lower(outputs), (node) => [node.op.simplify?.(node)]))
}

/** Equal nodes become one: inputs of one name would be one value, whatever was meant. */
function refuseNamesakes(outputs: readonly Tensor[]): void {
  const names = new Set<string>()
  for (const node of topologicalOrder(outputs)) {
    const name = asInput(node)?.name
    if (name === undefined) continue
    if (names.has(name))
      throw new UserError(
        `two distinct inputs of one graph are named ${name}; ` +
          `make an input once and use it twice, ` +
          "or give the second model a scope: createModel(config, { scope: 'reference' })",
      )
    names.add(name)
  }
}

/** Composite ops in simpler ones, as far as their outputs are wanted. */
function lower(outputs: readonly Tensor[]): Tensor[] {
  const order = topologicalOrder(outputs)
  if (!order.some((node) => node.op.lower)) return [...outputs]
  const wanted = new Set([...outputs, ...order.flatMap((node) => node.inputs)])
  return rewrite(outputs, (node, original) =>
    node.op.lower?.(
      node,
      original.outputs.map((t) => wanted.has(t)),
    ),
  )
}

/**
 * Rebuilds the graph bottom-up and merges equal nodes. `rule` may replace a node's outputs, the
 * first ones first; it is given the node as rebuilt so far, and as it was.
 */
function rewrite(
  outputs: readonly Tensor[],
  rule: (node: Node, original: Node) => readonly (Tensor | undefined)[] | undefined,
): Tensor[] {
  const replaced = new Map<Tensor, Tensor>()
  const settled = new Set<Node>()
  const numbers = new Map<object, number>()
  const known = new Map<string, readonly Tensor[]>()
  const firstEqual = representatives()
  const number = (of: object) => {
    const given = numbers.get(of) ?? numbers.size
    numbers.set(of, given)
    return given
  }
  const rebuilt = (node: Node): readonly Tensor[] => {
    const inputs = node.inputs.map((t) => replaced.get(t) ?? t)
    const same = inputs.every((t, i) => t === node.inputs[i])
    return same ? node.outputs : applyAll(node.op, inputs, node.attrs)
  }
  const merged = (results: readonly Tensor[]): readonly Tensor[] => {
    const { op, inputs, attrs } = at(results, 0).node
    const places = inputs.map((t) => `${number(t.node)}.${t.index}`).join()
    const exact = (_: string, value: unknown) => exactly(value, (list) => number(firstEqual(list)))
    const key = `${number(op)}(${places})${JSON.stringify(attrs, exact)}`
    const earlier = known.get(key)
    if (!earlier) known.set(key, results)
    return earlier ?? results
  }
  // What a rule makes may hold new nodes below it, to which rules apply in turn.
  const settle = (node: Node): readonly Tensor[] => {
    const results = merged(rebuilt(node))
    const better = rule(at(results, 0).node, node) ?? []
    for (const inner of topologicalOrder(
      better.flatMap((t) => t ?? []),
      settled,
    ))
      resolve(inner)
    return results.map((result, i) => {
      const other = better[i]
      return other ? (replaced.get(other) ?? other) : result
    })
  }
  const resolve = (node: Node) => {
    if (settled.has(node)) return
    const results = settle(node)
    for (const [i, output] of node.outputs.entries()) replaced.set(output, at(results, i))
    for (const result of results) if (!replaced.has(result)) replaced.set(result, result)
    for (const { node: done } of [...node.outputs, ...results]) settled.add(done)
  }
  for (const node of topologicalOrder(outputs)) resolve(node)
  return outputs.map((t) => replaced.get(t) ?? t)
}

type List = ArrayLike<number | bigint>

/** JSON would make one of 0 and -0, of both infinities, and is slow on large arrays. */
function exactly(value: unknown, number: (list: List) => number): unknown {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  return isLong(value) ? `#${number(value)}` : value
}

const isLong = (value: unknown): value is List =>
  ArrayBuffer.isView(value) || (Array.isArray(value) && value.length > 64)

/** For each list the first that was equal to it, so that masks made layer by layer are one. */
function representatives(): (list: List) => List {
  const known = new Map<string, List[]>()
  return (list) => {
    const samples = [0, list.length >> 1, list.length - 1].map((i) => list[i])
    const key = `${list.length}: ${samples}`
    const alike = known.get(key) ?? []
    const equal = alike.find((other) => isEqual(other, list))
    if (!equal) known.set(key, [...alike, list])
    return equal ?? list
  }
}

function isEqual(a: List, b: List): boolean {
  if (a === b) return true
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false
  return true
}

/** Moves sums, factors and transpositions into what nothing else uses. */
function fuse(outputs: readonly Tensor[]): Tensor[] {
  const uses = new Map<Tensor, number>()
  const count = (t: Tensor) => uses.set(t, (uses.get(t) ?? 0) + 1)
  for (const node of topologicalOrder(outputs)) node.inputs.forEach(count)
  outputs.forEach(count)
  const once = (t: Tensor) => (uses.get(t) ?? 0) <= 1
  return rewrite(outputs, (node, original) => {
    const [onceA, onceB] = original.inputs.map(once)
    if (node.op.name === 'matmul' && onceB) return [joinTransposition(node as Node<MatMulAttrs>)]
    if (node.op.name !== 'add' && node.op.name !== 'mul') return undefined
    const [a, b] = [at(node.inputs, 0), at(node.inputs, 1)]
    const join = node.op.name === 'add' ? joinSum : joinFactor
    return [(onceB ? join(b, a) : undefined) ?? (onceA ? join(a, b) : undefined)]
  })
}

/** A B + c is one Gemm; zeros with updates scattered in, plus c, is c with the updates. */
function joinSum(inner: Tensor, other: Tensor): Tensor | undefined {
  const { op, inputs, attrs } = inner.node
  if (op.name === 'matmul' && inner.rank === 2) {
    const row = other.rank === 1 && other.shape[0] === inner.shape[1]
    if (!row && !sameShape(other.shape, inner.shape)) return undefined
    return apply(gemmOp, [...inputs, other], attrs as MatMulAttrs)
  }
  if (op.name === 'scatterElements' && uniformValue(at(inputs, 0)) === 0) {
    if (!sameShape(other.shape, inner.shape)) return undefined
    return apply(op, [other, ...inputs.slice(1)], attrs)
  }
  return undefined
}

/**
 * Second matrices that a product would transpose, and that are transposed just before: once is
 * enough.
 */
function joinTransposition({ inputs, attrs }: Node<MatMulAttrs>): Tensor | undefined {
  const b = at(inputs, 1)
  if (!attrs.transposeB || b.rank === 2 || b.node.op.name !== 'transpose') return undefined
  const { order } = b.node.attrs as { order: readonly number[] }
  const swapped = [...order.slice(0, -2), at(order, b.rank - 1), at(order, b.rank - 2)]
  const turned = transpose(at(b.node.inputs, 0), swapped)
  return matmul(at(inputs, 0), turned, { ...attrs, transposeB: false })
}

/** c (A B): the factor is the product's scale. */
function joinFactor(inner: Tensor, other: Tensor): Tensor | undefined {
  const factor = other.rank === 0 ? uniformValue(other) : undefined
  const { op, inputs } = inner.node
  if (op.name !== 'matmul' || factor === undefined) return undefined
  const attrs = inner.node.attrs as MatMulAttrs
  return matmul(at(inputs, 0), at(inputs, 1), { ...attrs, scale: attrs.scale * factor })
}
