import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { koffi, loadLibrary, type Pointer } from '../src/files/koffi.ts'

const PACKAGE = fileURLToPath(
  new URL(
    `../peers/node_modules/@node-llama-cpp/${process.platform}-${process.arch}/bins`,
    import.meta.url,
  ),
)

/** A shared library of llama.cpp that node-llama-cpp brought, if it is installed. */
export function findPeerLibrary(name: RegExp): string | undefined {
  if (!existsSync(PACKAGE)) return undefined
  const files = readdirSync(PACKAGE, { recursive: true }).map((file) => join(PACKAGE, String(file)))
  return files.find((file) => name.test(file))
}

/** What `gguf_init_from_file` found in a file. */
export interface GgmlHeader {
  version: number
  alignment: number
  keys: string[]
  tensors: { name: string; type: string; offset: number; length: number }[]
}

export type Ggml = NonNullable<ReturnType<typeof loadGgml>>

/** ggml's own functions, if node-llama-cpp is installed. */
export function loadGgml() {
  const path = findPeerLibrary(/libggml-base\.so$/)
  if (!path) return undefined
  const library = loadLibrary(path)
  const quantize = library.func('ggml_quantize_chunk', 'size_t', [
    ...['int', 'float *', koffi.out('uint8_t *'), 'int64_t', 'int64_t', 'int64_t', 'float *'],
  ])
  const typeName = library.func('ggml_type_name', 'str', ['int'])
  const params = koffi.struct({ noAlloc: 'bool', context: 'void *' })
  const open = library.func('gguf_init_from_file', 'void *', ['str', params])
  const close = library.func('gguf_free', 'void', ['void *'])
  const write = library.func('gguf_write_to_file', 'bool', ['void *', 'str', 'bool'])
  const getter = (name: string, result: string) => library.func(name, result, ['void *'])
  const indexed = (name: string, result: string) =>
    library.func(name, result, ['void *', 'int64_t'])
  const version = getter('gguf_get_version', 'uint32_t')
  const alignment = getter('gguf_get_alignment', 'size_t')
  const keyCount = getter('gguf_get_n_kv', 'int64_t')
  const tensorCount = getter('gguf_get_n_tensors', 'int64_t')
  const dataOffset = getter('gguf_get_data_offset', 'size_t')
  const keyName = indexed('gguf_get_key', 'str')
  const tensorName = indexed('gguf_get_tensor_name', 'str')
  const tensorType = indexed('gguf_get_tensor_type', 'int')
  const tensorOffset = indexed('gguf_get_tensor_offset', 'size_t')
  const tensorSize = indexed('gguf_get_tensor_size', 'size_t')
  const range = (count: number) => Array.from({ length: count }, (_, i) => i)

  const opened = <T>(file: string, use: (gguf: Pointer) => T): T => {
    const gguf: Pointer | null = open(file, { noAlloc: true, context: null })
    if (!gguf) throw new Error(`ggml refuses ${file}`)
    try {
      return use(gguf)
    } finally {
      close(gguf)
    }
  }

  return {
    /** A row of whole blocks, as `length` bytes. */
    quantize(id: number, values: Float32Array, length: number): Uint8Array {
      const bytes = new Uint8Array(length)
      const written = quantize(id, values, bytes, 0, 1, values.length, null)
      if (Number(written) !== length) throw new Error(`${written} bytes for ${length}`)
      return bytes
    },

    /** `suffix` as in `dequantize_row_q4_K`. */
    dequantize(suffix: string, blocks: Uint8Array, length: number): Float32Array {
      const row = library.func(`dequantize_row_${suffix}`, 'void', [
        ...['uint8_t *', koffi.out('float *'), 'int64_t'],
      ])
      const values = new Float32Array(length)
      row(blocks, values, length)
      return values
    },

    /** The header as ggml reads it. Throws where it refuses the file. */
    readHeader: (file: string): GgmlHeader =>
      opened(file, (gguf) => ({
        version: version(gguf),
        alignment: Number(alignment(gguf)),
        keys: range(Number(keyCount(gguf))).map((i) => keyName(gguf, i)),
        tensors: range(Number(tensorCount(gguf))).map((i) => ({
          name: tensorName(gguf, i),
          type: typeName(tensorType(gguf, i)),
          offset: Number(dataOffset(gguf)) + Number(tensorOffset(gguf, i)),
          length: Number(tensorSize(gguf, i)),
        })),
      })),

    /** Reads the header of one file, and writes it to another as ggml does. */
    copyHeader: (from: string, to: string): boolean =>
      opened(from, (gguf) => write(gguf, to, true)),
  }
}

/** llama.cpp's quantization of a model's file, to `llama_ftype` `id`. */
export function quantizeFile(from: string, to: string, id: number): void {
  const path = findPeerLibrary(/libllama\.[^/]*so$/)
  if (!path) throw new Error('node-llama-cpp brought no libllama')
  const library = loadLibrary(path)
  // Room for more fields than it has: only the first two are told apart here.
  const params = koffi.struct({ threads: 'int', type: 'int', others: koffi.array('int64_t', 31) })
  const defaults = library.func('llama_model_quantize_default_params', params, [])
  const quantize = library.func('llama_model_quantize', 'uint32_t', [
    ...['str', 'str', koffi.pointer(params)],
  ])
  // It tells of every tensor. One thread, so that it calls from this one.
  const callback = koffi.pointer(koffi.proto('void', ['int', 'str', 'void *']))
  const silence = koffi.register(() => {}, callback)
  library.func('llama_log_set', 'void', [callback, 'void *'])(silence, null)
  const status = quantize(from, to, { ...defaults(), threads: 1, type: id })
  if (status !== 0) throw new Error(`llama_model_quantize gives ${status}`)
}
