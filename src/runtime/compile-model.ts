import type { UserError } from '../errors.ts'
import { type Tensor, toOnnx } from '../graph/index.ts'
import type { WeightData } from '../graph/onnx/model.ts'
import { type Bits, quantizeWeights } from '../models/quantize.ts'
import type { Module } from '../nn/index.ts'
import type { CompileOptions, DeviceTensor, Engine, Program } from './engine.ts'
import {
  type FindNonFinite,
  findNonFiniteIn,
  nonFiniteError,
  refuseNonFinite,
} from './non-finite.ts'

/**
 * A model's parameters. `packed`: they serve as they are now; the engine copies them into the form
 * that is fastest, and what they were given in can go. `live`: they are read anew at every run, so
 * that a model in training can be used.
 */
export type Weights =
  | {
      packed: Readonly<Record<string, WeightData>>
      /** Looks through them where they came from, once an output is not finite. */
      findNonFinite?: FindNonFinite
    }
  | { live: Readonly<Record<string, DeviceTensor>> }

export interface CompileModelOptions extends CompileOptions {
  /** Packed matrices are stored in whole numbers of so many bits, in blocks. */
  bits?: Bits
}

/** A program, and the live parameters that it is to be bound to. */
export interface CompiledModel {
  program: Program
  live: Readonly<Record<string, DeviceTensor>>
  /** Says why an output, such as `logits`, is not finite: the weight at fault, if there is one. */
  fault(output: string): Promise<UserError>
}

/** Compiles what computes `outputs` of a model. */
export async function compileModel(
  engine: Engine,
  model: Module,
  outputs: Readonly<Record<string, Tensor>>,
  weights: Weights,
  { bits, ...options }: CompileModelOptions,
): Promise<CompiledModel> {
  const parameters = model.parameters()
  const packed = Object.entries('packed' in weights ? weights.packed : {}).map(([name, data]) => {
    const shape = parameters.get(name)?.shape
    if (!shape) throw new Error(`the model has no parameter ${name}`)
    // Products in few bits round their input to integers, which swallows NaN: no output would tell.
    if (bits && data instanceof Float32Array) refuseNonFinite(name, data)
    return [name, { dtype: 'float32', shape, data }] as const
  })
  const whole = { outputs, weights: Object.fromEntries(packed) }
  const graph = bits ? quantizeWeights(whole.outputs, whole.weights, bits) : whole
  const onnx = toOnnx(graph.outputs, { target: engine.name, weights: graph.weights })
  const program = await engine.compile(onnx, options)
  const find = 'live' in weights ? () => findNonFiniteIn(weights.live) : weights.findNonFinite
  return {
    program,
    live: inputsOf(program, 'live' in weights ? weights.live : {}),
    fault: (output) => nonFiniteError(output, find),
  }
}

/** Those of `tensors` that are inputs of a program. */
export function inputsOf(
  { inputs }: Program,
  tensors: Readonly<Record<string, DeviceTensor>>,
): Record<string, DeviceTensor> {
  const known = inputs.flatMap(({ name }) => {
    const tensor = tensors[name]
    return tensor ? [[name, tensor] as const] : []
  })
  return Object.fromEntries(known)
}
