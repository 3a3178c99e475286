import type { InferenceSession } from 'onnxruntime-web'
import type { OnnxModel } from '../../graph/onnx/model.ts'
import { checkWeight } from '../check.ts'
import type { CompileOptions } from '../engine.ts'
import type { Library, Provider } from './library.ts'

const LEVELS = { none: 'disabled', basic: 'basic', extended: 'extended', all: 'all' } as const

/** Creates a session. `threading` is ignored: one pool serves all, and runs take turns. */
export async function createSession(
  { ort }: Library,
  provider: Provider,
  model: OnnxModel,
  options: CompileOptions,
): Promise<InferenceSession> {
  const { optimization = 'all', withoutOptimizers = [], cpuFallback = true, profile } = options
  if (profile !== undefined) throw new Error('profiles are only written by the native engines')
  const weights = Object.entries(model.weights).map(([name, weight]) => {
    return { path: name, data: checkWeight(name, weight) }
  })
  return ort.InferenceSession.create(model.bytes, {
    executionProviders: [provider],
    graphOptimizationLevel: LEVELS[optimization],
    enableMemPattern: false,
    logSeverityLevel: 4,
    externalData: weights.map(({ path, data }) => {
      const { buffer, byteOffset, byteLength } = data
      return { path, data: new Uint8Array(buffer, byteOffset, byteLength) }
    }),
    extra: {
      session: { disable_cpu_ep_fallback: provider === 'webgpu' && !cpuFallback ? '1' : '0' },
      optimization: { disable_specified_optimizers: withoutOptimizers.join(';') },
    },
  })
}
