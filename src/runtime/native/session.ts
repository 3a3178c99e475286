import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ReplacedError } from '../../errors.ts'
import { koffi, type Pointer } from '../../files/koffi.ts'
import { versionOf } from '../../files/node-file.ts'
import type { TypedArray } from '../../graph/dtype.ts'
import { isStored, type OnnxModel, type WeightData } from '../../graph/onnx/model.ts'
import { checkWeight } from '../check.ts'
import type { CompileOptions } from '../engine.ts'
import { createValue, type Environment } from './environment.ts'
import { memoryOf } from './memory.ts'

/** How a session computes: threads per operator, and the execution provider besides the CPU's. */
export interface Placement {
  threads: number
  provider?: 'WebGPU'
}

const LEVELS = { none: 0, basic: 1, extended: 2, all: 99 } as const

/**
 * How long idle threads of a session spin for the next operator, in microseconds: enough to stay
 * awake within a run. The default, which a pool shared by all sessions cannot change, is some 16
 * ms. Meanwhile they slow whatever comes next: two single-threaded runs after one with a pool took
 * 6.5-8 ms instead of 4.8.
 */
const SPIN_MICROSECONDS = 200

/** The one folder of all weights that lie in files. */
const WEIGHTS_FOLDER = 'session.model_external_initializers_file_folder_path'

const dataOf = ({ weights }: OnnxModel, name: string): WeightData =>
  (weights[name] as OnnxModel['weights'][string]).data

function storedIn({ weights }: OnnxModel): ReadonlySet<string> {
  const stored = Object.values(weights).flatMap(({ data }) => (isStored(data) ? [data.folder] : []))
  const folders = new Set(stored)
  if (folders.size > 1) throw new Error(`weights in several folders: ${[...folders].join(', ')}`)
  return folders
}

/**
 * Creates a session off the event loop. Weights in memory are copied and, where it pays, packed.
 * Those in a file are mapped and, once packed, released one by one, so that memory never holds all
 * of them twice. Throws ReplacedError if a weight file is no longer the one that was opened.
 */
export async function createSession(
  environment: Environment,
  model: OnnxModel,
  placement: Placement,
  options: CompileOptions,
): Promise<Pointer> {
  const { api, env } = environment
  const sessionOptions = api.create('CreateSessionOptions')
  const values: Pointer[] = []
  try {
    configure(environment, sessionOptions, placement, options)
    const names = Object.keys(model.weights).filter((name) => !isStored(dataOf(model, name)))
    for (const name of names) values.push(weightValue(environment, model, name))
    const [folder] = storedIn(model)
    if (folder !== undefined)
      api.call('AddSessionConfigEntry', sessionOptions, WEIGHTS_FOLDER, folder)
    if (names.length > 0) {
      const list = BigUint64Array.from(values)
      api.call('AddExternalInitializers', sessionOptions, names, list, names.length)
    }
    const { bytes } = model
    const arrays = [bytes, ...names.map((name) => dataOf(model, name) as TypedArray)]
    const session = await holding(arrays, () =>
      api.createAsync('CreateSessionFromArray', env, bytes, bytes.length, sessionOptions),
    ).catch(async (error) => {
      await expectSameFiles(model)
      throw error
    })
    await expectSameFiles(model).catch((error) => {
      api.release('Session', session)
      throw error
    })
    return session
  } finally {
    for (const value of values) api.release('Value', value)
    api.release('SessionOptions', sessionOptions)
  }
}

/**
 * Throws ReplacedError if a weight file is no longer the one that was opened. ONNX Runtime maps it
 * by its path: a training may have replaced its best model meanwhile, and weights of two models
 * would be mixed.
 */
async function expectSameFiles({ weights }: OnnxModel): Promise<void> {
  const versions = new Map<string, string>()
  for (const { data } of Object.values(weights))
    if (isStored(data) && data.version) versions.set(join(data.folder, data.file), data.version)
  for (const [path, version] of versions) {
    const now = await stat(path).catch(() => undefined)
    if (now && versionOf(now) === version) continue
    throw new ReplacedError(`${path} was replaced after it was opened; load the model again`)
  }
}

/**
 * Denormal numbers are kept. `session.set_denormal_as_zero` reaches the session's own threads and
 * the thread that made the process's first session, but no other caller: results would depend on
 * which thread took which part. On that first thread JavaScript would lose denormals, too
 * (`Number.MIN_VALUE * 1 === 0`).
 */
function configure(
  { api }: Environment,
  session: Pointer,
  { threads, provider }: Placement,
  options: CompileOptions,
): void {
  const { threading = 'pool', optimization = 'all', withoutOptimizers = [] } = options
  const set = (key: string, value: string) => api.call('AddSessionConfigEntry', session, key, value)
  api.call('SetSessionGraphOptimizationLevel', session, LEVELS[optimization])
  api.call('SetIntraOpNumThreads', session, threading === 'caller' ? 1 : threads)
  // Planning memory by the first run's shapes takes up to 1.7x the memory and saves no time.
  api.call('DisableMemPattern', session)
  set('session.intra_op.spin_duration_us', String(SPIN_MICROSECONDS))
  if (withoutOptimizers.length > 0)
    set('optimization.disable_specified_optimizers', withoutOptimizers.join(';'))
  if (options.profile) api.call('EnableProfiling', session, options.profile)
  if (provider) api.call('SessionOptionsAppendExecutionProvider', session, provider, null, null, 0)
  if (provider && options.cpuFallback === false) set('session.disable_cpu_ep_fallback', '1')
}

function weightValue(environment: Environment, model: OnnxModel, name: string): Pointer {
  const weight = model.weights[name] as OnnxModel['weights'][string]
  const data = checkWeight(name, weight)
  const { dtype, shape } = weight
  return createValue(environment, dtype, shape, koffi.address(data), data.byteLength)
}

const held = new Set<readonly TypedArray[]>()

/** Keeps the memory of `arrays` alive and in place until `work` has ended. */
async function holding<T>(arrays: readonly TypedArray[], work: () => Promise<T>): Promise<T> {
  const memories = arrays.flatMap((array) => memoryOf(array) ?? [])
  for (const memory of memories) memory.retain()
  held.add(arrays)
  try {
    return await work()
  } finally {
    held.delete(arrays)
    for (const memory of memories) memory.release()
  }
}
