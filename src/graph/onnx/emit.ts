import { sizeOf } from '../dim.ts'
import { DTYPES, type DType, type TypedArray, zeros } from '../dtype.ts'
import { asConstant, asInput, type ConstantAttrs } from '../ops/leaf.ts'
import { simplify } from '../simplify.ts'
import { type Tensor, topologicalOrder } from '../tensor.ts'
import { emitStored } from './emit-stored.ts'
import type { Emitter, Target } from './emitter.ts'
import { isStored, type OnnxModel, type TensorSpec } from './model.ts'
import { forMemory } from './order.ts'
import { encodeModel, type GraphProto, type InitializerProto, type NodeProto } from './proto.ts'

export interface EmitOptions {
  target: Target
  /** Inputs that are part of the model instead: weights that serve, by input name. */
  weights?: OnnxModel['weights']
}

type Declared = Pick<Weight, 'dtype' | 'shape'> & Partial<Pick<Weight, 'data'>>
type Weight = OnnxModel['weights'][string]

/**
 * The ONNX model that computes `outputs`, by name. Its inputs are the graph's inputs that they
 * depend on.
 */
export function toOnnx(outputs: Readonly<Record<string, Tensor>>, options: EmitOptions): OnnxModel {
  const graph = toGraphProto(outputs, options)
  const { inputs, outputs: made, initializers } = graph
  const names = new Set(initializers.map(({ name }) => name))
  const kept = Object.entries(options.weights ?? {}).filter(([name]) => names.has(name))
  return { bytes: encodeModel(graph), inputs, outputs: made, weights: Object.fromEntries(kept) }
}

/** The same before it is serialized: its weights are declared, their elements kept outside. */
export function toGraphProto(
  outputs: Readonly<Record<string, Tensor>>,
  {
    target,
    weights = {},
  }: Pick<EmitOptions, 'target'> & { weights?: Readonly<Record<string, Declared>> },
): GraphProto {
  const names = Object.keys(outputs)
  const tensors = simplify(Object.values(outputs))
  const order = topologicalOrder(tensors)

  const nodes: NodeProto[] = []
  const initializers = new Map<string, InitializerProto>()
  const inputs: TensorSpec[] = []
  const used = new Set([...tensors, ...order.flatMap((node) => node.inputs)])
  const tensorNames = new Map<Tensor, string>()
  const taken = new Set(names)
  let counter = 0
  const fresh = (hint: string): string => {
    const name = `${hint}_${counter++}`
    return taken.has(name) ? fresh(hint) : name
  }

  for (const node of order) {
    const leaf = asInput(node)
    if (!leaf) continue
    if (taken.has(leaf.name)) throw new Error(`two inputs or outputs are named ${leaf.name}`)
    taken.add(leaf.name)
    tensorNames.set(node.outputs[0] as Tensor, leaf.name)
    const weight = weights[leaf.name]
    if (!weight) inputs.push(leaf)
    else {
      const { dtype, shape } = weight
      initializers.set(leaf.name, { name: leaf.name, dtype, shape, bytes: undefined })
    }
  }
  const direct = nameOutputs(names, tensors, tensorNames)

  const emitter: Emitter = {
    target,
    node(type, ins, outs, attributes = {}, domain = '') {
      if (target === 'standard' && domain)
        throw new Error(`${type} is an operator of ${domain}, not of the ONNX standard`)
      const name = (t: Tensor | string | undefined) =>
        t === undefined ? '' : typeof t === 'string' ? t : nameOf(t)
      const proto = { type, name: fresh(type), inputs: ins.map(name), outputs: outs.map(name) }
      nodes.push({ ...proto, attributes, domain })
    },
    constant(dtype, shape, values) {
      const list = Array.from(values)
      const key = `${dtype}[${shape}]${list.map((x) => (Object.is(x, -0) ? '-0' : x))}`
      if (list.length > 64) return addInitializer(fresh('constant'), dtype, shape, list)
      return addInitializer(key, dtype, shape, list)
    },
    temporary: () => fresh('t'),
    isUsed: (tensor) => used.has(tensor),
  }

  function addInitializer(
    name: string,
    dtype: DType,
    shape: readonly number[],
    values: ArrayLike<number | bigint>,
  ): string {
    if (!initializers.has(name))
      initializers.set(name, { name, dtype, shape, bytes: toBytes(dtype, shape, values) })
    return name
  }

  function nameOf(tensor: Tensor): string {
    const known = tensorNames.get(tensor)
    if (known !== undefined) return known
    const literal = asConstant(tensor)
    const name = literal ? emitConstant(literal) : fresh(tensor.node.op.name)
    tensorNames.set(tensor, name)
    return name
  }

  /** Large uniform constants are made at load rather than stored. */
  function emitConstant({ dtype, shape, values }: ConstantAttrs): string {
    const size = sizeOf(shape)
    if (values.length > 1 || size <= 64)
      return values.length > 1
        ? addInitializer(fresh('constant'), dtype, shape, values)
        : emitter.constant(dtype, shape, new Array(size).fill(Number(values[0])))
    const name = fresh('constant')
    const dims = emitter.constant('int64', [shape.length], shape)
    const scalar = emitter.constant(dtype, [], [Number(values[0])])
    emitter.node('Expand', [scalar, dims], [name])
    return name
  }

  for (const node of order) {
    const leaf = asInput(node)
    const weight = weights[leaf?.name ?? '']
    if (!leaf || !weight?.data || !isStored(weight.data)) continue
    const { declared, result } = emitStored(leaf.name, weight, weight.data, emitter)
    initializers.set(leaf.name, declared)
    tensorNames.set(node.outputs[0] as Tensor, result)
  }
  for (const node of order) node.op.onnx?.(node, emitter)
  for (const [i, name] of names.entries())
    if (!direct.has(name)) emitter.node('Identity', [tensors[i]], [name])

  const outputSpecs = names.map((name, i) => {
    const { dtype, shape } = tensors[i] as Tensor
    return { name, dtype, shape }
  })
  return {
    nodes: forMemory(nodes),
    initializers: [...initializers.values()],
    inputs,
    outputs: outputSpecs,
  }
}

/**
 * Lets each output's producer bear its name (an Identity node would copy it). Inputs, constants and
 * a tensor's second name cannot; the names that could are returned.
 */
function nameOutputs(
  names: readonly string[],
  tensors: readonly Tensor[],
  tensorNames: Map<Tensor, string>,
): Set<string> {
  const direct = new Set<string>()
  for (const [i, tensor] of tensors.entries()) {
    const name = names[i] as string
    if (tensorNames.has(tensor) || asConstant(tensor)) continue
    tensorNames.set(tensor, name)
    direct.add(name)
  }
  return direct
}

/** Elements as little-endian bytes; a single value fills the shape. */
function toBytes(
  dtype: DType,
  shape: readonly number[],
  values: ArrayLike<number | bigint>,
): Uint8Array {
  const size = sizeOf(shape)
  const array: TypedArray =
    ArrayBuffer.isView(values) && values.length === size && values instanceof DTYPES[dtype].array
      ? (values as TypedArray)
      : zeros(dtype, size)
  if (array !== values) {
    const convert = dtype === 'int64' ? BigInt : Number
    for (let i = 0; i < size; i++) array[i] = convert(values[values.length === 1 ? 0 : i] ?? 0)
  }
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}
