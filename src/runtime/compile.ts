import { UserError } from '../errors.ts'
import { asInput, Tensor, type TypedArray, toOnnx, topologicalOrder } from '../graph/index.ts'
import type { OnnxModel, TensorSpec, WeightData } from '../graph/onnx/model.ts'
import { type Bits, quantizeWeights } from '../models/quantize.ts'
import { Bound, type Feeds, type Sizes, type Tensors } from './bound.ts'
import { describe } from './check.ts'
import type { CompileOptions, DeviceTensor, Engine } from './engine.ts'
import {
  type FindNonFinite,
  findNonFiniteIn,
  nonFiniteError,
  refuseNonFinite,
} from './non-finite.ts'
import { Slots } from './slots.ts'

/**
 * Inputs whose values outlive a call. `packed`: constant; the engine copies them into its fastest
 * form, and the caller may release its own. `live`: read at every run, so that a model in training
 * can be used.
 */
export type Weights =
  | {
      packed: Packed
      /** Searches the weights' source once an output is not finite. */
      findNonFinite?: FindNonFinite
      /** Reads them once more, for a program that is compiled later. */
      again?: ReadAgain
    }
  | { live: Tensors }

export type ReadAgain = <T>(use: (packed: Packed) => Promise<T>) => Promise<T>

type Packed = Readonly<Record<string, WeightData>>

/** Runs `use` with a model's weights, for a program that is compiled after the model's own. */
export type UseWeights = <T>(use: (weights: Weights) => Promise<T>) => Promise<T>

/** Keeps none of what is `packed`. Its result throws UserError where nothing reads that again. */
export function weightsLater(weights: Weights): UseWeights {
  if ('live' in weights) return (use) => use(weights)
  const { again } = weights
  return async (use) => {
    if (again) return again((packed) => use({ packed }))
    throw new UserError(
      'this model was created with packed weights, which it does not keep; ' +
        'load it from a folder, or give its weights as live',
    )
  }
}

export interface CompileGraphOptions extends CompileOptions {
  weights?: Weights
  /** Quantizes packed matrices to so many bits, in blocks. */
  bits?: Bits
}

/** Arrays are copied; the engine's tensors are read in place. */
export type CallInputs = Readonly<Record<string, Feeds[string] | DeviceTensor>>

export interface CallOptions {
  /** Dimensions that no given tensor determines. */
  sizes?: Sizes
  signal?: AbortSignal
}

/** A graph as an async function of its inputs; it owns its program and its memory. */
export interface Compiled<Name extends string = string> {
  /**
   * Computes the elements of all outputs, row by row. Skips names that the graph does not use.
   * Keeps memory for the next call with the same sizes; calls take turns. Throws if an input or a
   * size is missing.
   */
  (inputs: CallInputs, options?: CallOptions): Promise<Record<Name, TypedArray>>
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  /**
   * Binds the program once for many runs: to the weights, to `tensors`, which may include outputs,
   * and to memory of its own for all others. Several bindings may run side by side.
   */
  bind(tensors?: Tensors, sizes?: Sizes): Bound
  /** Explains why an output, such as `logits`, is not finite, with the weight at fault, if any. */
  fault(output: string): Promise<UserError>
  dispose(): void
}

/**
 * Compiles `outputs`: of a forward pass, of its gradients, or of an optimizer's step.
 *
 * @example
 * const x = input('x', 'float32', ['rows', 2])
 * const square = await compile(engine, { y: mul(x, x) })
 * const { y } = await square({ x: [1, 2, 3, 4] }, { sizes: { rows: 2 } })
 * square.dispose()
 */
export async function compile<Name extends string>(
  engine: Engine,
  outputs: Readonly<Record<Name, Tensor>>,
  { weights = { live: {} }, bits, ...options }: CompileGraphOptions = {},
): Promise<Compiled<Name>> {
  if (typeof engine?.compile !== 'function')
    throw new UserError('engine: expected an engine, as openEngine gives it')
  const isTensor = (output: unknown) => output instanceof Tensor
  if (!outputs || !Object.values(outputs).every(isTensor))
    throw new UserError('outputs: expected tensors of a graph by their names, such as { y: x }')
  const live = 'live' in weights ? weights.live : {}
  const packed = 'packed' in weights ? packedInputs(outputs, weights.packed, bits) : {}
  const graph = bits ? quantizeWeights(outputs, packed, bits) : { outputs, weights: packed }
  const onnx = toOnnx(graph.outputs, { target: engine.name, weights: graph.weights })
  const program = await engine.compile(onnx, options)
  const { label = 'program' } = options
  const bind = (tensors: Tensors = {}, sizes: Sizes = {}) =>
    new Bound(engine, program, { label, weights: live, tensors, sizes })
  const turns = new Slots(1)
  let kept: { key: string; bound: Bound } | undefined
  const free = () => {
    kept?.bound.dispose()
    kept = undefined
  }
  const ownMemory = (sizes: Sizes): Bound => {
    const key = JSON.stringify(sizes)
    if (kept?.key === key) return kept.bound
    free()
    kept = { key, bound: bind({}, sizes) }
    return kept.bound
  }
  const run = async (inputs: CallInputs, { sizes = {}, signal }: CallOptions) => {
    const feeds: Record<string, Feeds[string]> = {}
    const tensors: Record<string, DeviceTensor> = {}
    for (const [name, value] of Object.entries(inputs)) {
      if (value === undefined) continue
      if ('dispose' in value) tensors[name] = value
      else if (!live[name]) feeds[name] = value
      else
        throw new Error(
          `program "${label}": ${name} is one of its weights; write to its tensor, or give another`,
        )
    }
    const missing = program.inputs.find(({ name }) => !inputs[name] && !live[name])
    if (missing) throw new Error(`program "${label}": the input ${describe(missing)} is not given`)
    const isShared = Object.keys(tensors).length > 0
    const bound = isShared ? bind(tensors, sizes) : ownMemory(sizes)
    try {
      await bound.run(feeds, { signal })
      const read = async ({ name }: TensorSpec) => [name, await bound.read(name)] as const
      const entries = await Promise.all(program.outputs.map(read))
      return Object.fromEntries(entries) as Record<Name, TypedArray>
    } finally {
      if (isShared) bound.dispose()
    }
  }

  const find = 'live' in weights ? () => findNonFiniteIn(live) : weights.findNonFinite
  return Object.assign(
    (inputs: CallInputs, callOptions: CallOptions = {}) =>
      turns.use(() => run(inputs, callOptions), callOptions.signal),
    {
      inputs: program.inputs,
      outputs: program.outputs,
      bind,
      fault: (output: string) => nonFiniteError(output, find),
      dispose: () => {
        free()
        program.dispose()
      },
    },
  )
}

/** Those of `weights` that are inputs of the graph. */
export function packedInputs(
  outputs: Readonly<Record<string, Tensor>>,
  weights: Readonly<Record<string, WeightData>>,
  bits: Bits | undefined,
): OnnxModel['weights'] {
  const inputs = topologicalOrder(Object.values(outputs)).flatMap((node) => asInput(node) ?? [])
  const packed = inputs.flatMap(({ name, dtype, shape }) => {
    const data = weights[name]
    if (!data) return []
    // Products in few bits round their input to integers, which swallows NaN: no output would tell.
    if (bits && data instanceof Float32Array) refuseNonFinite(name, data)
    return [[name, { dtype, shape: shape as readonly number[], data }] as const]
  })
  return Object.fromEntries(packed)
}
