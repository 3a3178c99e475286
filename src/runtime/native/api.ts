import { EngineUnavailable } from '../../errors.ts'
import { koffi, loadLibrary, type Pointer } from '../../files/koffi.ts'
import { VERSION } from './library.ts'

/** An error reported by ONNX Runtime. */
export class OrtError extends Error {
  override name = 'OrtError'
}

const POINTER = 'void *'
/** A pointer that the call returns through its argument. */
const OUT = 'out'
/** ORTCHAR_T: paths are UTF-16 on Windows. */
const PATH = process.platform === 'win32' ? 'str16' : 'str'

/** Index in the OrtApi table, which never changes once released, and C parameters. */
const FUNCTIONS = {
  CreateEnv: [3, 'int', 'str', OUT],
  DisableTelemetryEvents: [6, POINTER],
  CreateSessionFromArray: [8, POINTER, POINTER, 'size_t', POINTER, OUT],
  CreateSessionOptions: [10, OUT],
  EnableProfiling: [14, POINTER, PATH],
  DisableMemPattern: [17, POINTER],
  SetSessionGraphOptimizationLevel: [23, POINTER, 'int'],
  SetIntraOpNumThreads: [24, POINTER, 'int'],
  CreateRunOptions: [39, OUT],
  RunOptionsSetTerminate: [46, POINTER],
  CreateTensorAsOrtValue: [48, POINTER, POINTER, 'size_t', 'int', OUT],
  CreateTensorWithDataAsOrtValue: [49, POINTER, POINTER, 'size_t', POINTER, 'size_t', 'int', OUT],
  GetTensorMutableData: [51, POINTER, OUT],
  CreateMemoryInfo: [68, 'str', 'int', 'int', 'int', OUT],
  CreateCpuMemoryInfo: [69, 'int', 'int', OUT],
  AddSessionConfigEntry: [130, POINTER, 'str', 'str'],
  CreateAllocator: [131, POINTER, POINTER, OUT],
  RunWithBinding: [133, POINTER, POINTER, POINTER],
  CreateIoBinding: [134, POINTER, OUT],
  BindInput: [136, POINTER, 'str', POINTER],
  BindOutput: [137, POINTER, 'str', POINTER],
  AddExternalInitializers: [210, POINTER, 'str *', POINTER, 'size_t'],
  SessionOptionsAppendExecutionProvider: [216, POINTER, 'str', 'str *', 'str *', 'size_t'],
  CopyTensors: [386, POINTER, POINTER, POINTER, POINTER, 'size_t'],
} as const

const GET_ERROR_MESSAGE = 2
const RELEASE_STATUS = 93

const RELEASES = {
  MemoryInfo: 94,
  Session: 95,
  Value: 96,
  RunOptions: 97,
  SessionOptions: 100,
  Allocator: 132,
  IoBinding: 135,
} as const

/** Version 23 added `CopyTensors`; its table has this many functions. */
const API_VERSION = 23
const API_LENGTH = 390

export type Released = keyof typeof RELEASES
export type FunctionName = keyof typeof FUNCTIONS
export type Argument = Pointer | number | string | null | ArrayBufferView | readonly string[]
export type Api = ReturnType<typeof openApi>

/** ONNX Runtime's C API. A call whose status is not null throws `OrtError`. */
export function openApi(path: string) {
  const library = loadLibrary(path)
  const base: Pointer = library.func('OrtGetApiBase', POINTER, [])()
  const [getApi, getVersion]: Pointer[] = koffi.decode(base, koffi.array(POINTER, 2))
  const version: string = koffi.call(getVersion, koffi.proto('str', []))
  if (version !== VERSION)
    throw new EngineUnavailable(`${path} is ONNX Runtime ${version}, but ${VERSION} is needed`)
  const api: Pointer = koffi.call(getApi, koffi.proto(POINTER, ['uint32_t']), API_VERSION)
  const table: Pointer[] = koffi.decode(api, koffi.array(POINTER, API_LENGTH))

  const status = POINTER
  const out = koffi.out(koffi.pointer(POINTER))
  const functions = mapValues(FUNCTIONS, ([index, ...parameters]) => {
    const types = parameters.map((type) => (type === OUT ? out : type))
    return koffi.decode(table[index], koffi.proto(status, types))
  })
  const releases = mapValues(RELEASES, (index) =>
    koffi.decode(table[index], koffi.proto('void', [POINTER])),
  )
  const getErrorMessage = koffi.decode(table[GET_ERROR_MESSAGE], koffi.proto('str', [status]))
  const releaseStatus = koffi.decode(table[RELEASE_STATUS], koffi.proto('void', [status]))

  function check(status: Pointer | null): void {
    if (status === null) return
    const message: string = getErrorMessage(status)
    releaseStatus(status)
    throw new OrtError(message.trim())
  }

  function call(name: FunctionName, ...args: Argument[]): void {
    check(functions[name](...args))
  }

  /**
   * Runs on one of libuv's threads. The caller keeps memory of arguments alive until it settles.
   */
  function callAsync(name: FunctionName, ...args: (Argument | OutPointer)[]): Promise<void> {
    return new Promise((resolve, reject) => {
      functions[name].async(...args, (error: Error | null, status: Pointer | null) => {
        try {
          if (error) throw error
          check(status)
          resolve()
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  return {
    version,
    call,
    callAsync,
    /** Calls a function that returns an object through its last parameter. */
    create(name: FunctionName, ...args: Argument[]): Pointer {
      const out: OutPointer = [null]
      check(functions[name](...args, out))
      return out[0] as Pointer
    },
    async createAsync(name: FunctionName, ...args: Argument[]): Promise<Pointer> {
      const out: OutPointer = [null]
      await callAsync(name, ...args, out)
      return out[0] as Pointer
    },
    release(kind: Released, pointer: Pointer): void {
      releases[kind](pointer)
    },
  }
}

type OutPointer = [Pointer | null]

function mapValues<K extends string, V, R>(record: Readonly<Record<K, V>>, map: (value: V) => R) {
  const entries = Object.entries(record) as [K, V][]
  return Object.fromEntries(entries.map(([key, value]) => [key, map(value)])) as Record<K, R>
}
