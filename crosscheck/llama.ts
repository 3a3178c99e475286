import { dirname } from 'node:path'
import { koffi, loadLibrary, type Pointer } from '../src/files/koffi.ts'
import { findPeerLibrary } from './ggml.ts'

/** llama.cpp's structs of parameters, in the order of its `llama.h`. */
const modelParams = koffi.struct({
  devices: 'void *',
  overrides: 'void *',
  gpuLayers: 'int',
  splitMode: 'int',
  loadMode: 'int',
  lazyMode: 'int',
  mainGpu: 'int',
  tensorSplit: 'void *',
  progress: 'void *',
  progressData: 'void *',
  keyOverrides: 'void *',
  vocabOnly: 'bool',
  checkTensors: 'bool',
  extraBuffers: 'bool',
  noHost: 'bool',
  noAlloc: 'bool',
  loadMtp: 'bool',
})
const contextParams = koffi.struct({
  context: 'uint32_t',
  batch: 'uint32_t',
  microBatch: 'uint32_t',
  sequences: 'uint32_t',
  recurrent: 'uint32_t',
  outputs: 'uint32_t',
  sequenceOutputs: 'uint32_t',
  threads: 'int',
  batchThreads: 'int',
  contextType: 'int',
  ropeScaling: 'int',
  pooling: 'int',
  attention: 'int',
  flashAttention: 'int',
  ropeBase: 'float',
  ropeScale: 'float',
  yarnExt: 'float',
  yarnFactor: 'float',
  yarnFast: 'float',
  yarnSlow: 'float',
  yarnOriginal: 'uint32_t',
  defrag: 'float',
  evaluated: 'void *',
  evaluatedData: 'void *',
  typeK: 'int',
  typeV: 'int',
  abort: 'void *',
  abortData: 'void *',
  embeddings: 'bool',
  offloadKqv: 'bool',
  noPerf: 'bool',
  opOffload: 'bool',
  swaFull: 'bool',
  kvUnified: 'bool',
  samplers: 'void *',
  samplerCount: 'size_t',
  other: 'void *',
})
const batch = koffi.struct({
  count: 'int',
  tokens: 'int *',
  embeddings: 'void *',
  positions: 'int *',
  sequenceCounts: 'int *',
  sequences: 'void *',
  outputs: 'void *',
})

/** Of its log. */
const WARNING = 3
const [NO_FLASH_ATTENTION, FLOAT32, NO_POOLING, POOLING_OF_MODEL] = [0, 0, 0, -1]

export type Llama = NonNullable<ReturnType<typeof loadLlama>>
export type LlamaModel = ReturnType<Llama['open']>

/** llama.cpp's own functions, if node-llama-cpp is installed. */
export function loadLlama() {
  const path = findPeerLibrary(/libllama\.[^/]*so$/)
  const base = findPeerLibrary(/libggml\.[^/]*so$/)
  if (!path || !base) return undefined
  loadLibrary(base).func('ggml_backend_load_all_from_path', 'void', ['str'])(dirname(base))
  const library = loadLibrary(path)
  const callback = koffi.pointer(koffi.proto('void', ['int', 'str', 'void *']))
  const complaints: string[] = []
  const listen = koffi.register((level: number, text: string) => {
    if (level >= WARNING) complaints.push(text.trim())
  }, callback)
  library.func('llama_log_set', 'void', [callback, 'void *'])(listen, null)
  const modelDefaults = library.func('llama_model_default_params', modelParams, [])
  const contextDefaults = library.func('llama_context_default_params', contextParams, [])
  const loadModel = library.func('llama_model_load_from_file', 'void *', ['str', modelParams])
  const freeModel = library.func('llama_model_free', 'void', ['void *'])
  const createContext = library.func('llama_init_from_model', 'void *', ['void *', contextParams])
  const freeContext = library.func('llama_free', 'void', ['void *'])
  const vocabOf = library.func('llama_model_get_vocab', 'void *', ['void *'])
  const vocabSize = library.func('llama_vocab_n_tokens', 'int', ['void *'])
  const width = library.func('llama_model_n_embd', 'int', ['void *'])
  const tokenize = library.func('llama_tokenize', 'int', [
    ...['void *', 'str', 'int', koffi.out('int *'), 'int', 'bool', 'bool'],
  ])
  const initBatch = library.func('llama_batch_init', batch, ['int', 'int', 'int'])
  const freeBatch = library.func('llama_batch_free', 'void', [batch])
  const decode = library.func('llama_decode', 'int', ['void *', batch])
  const encode = library.func('llama_encode', 'int', ['void *', batch])
  const logitsAt = library.func('llama_get_logits_ith', 'void *', ['void *', 'int'])
  const embeddingOf = library.func('llama_get_embeddings_seq', 'void *', ['void *', 'int'])
  const embeddingAt = library.func('llama_get_embeddings_ith', 'void *', ['void *', 'int'])

  const floats = (pointer: Pointer, count: number): Float32Array =>
    Float32Array.from(koffi.decode(pointer, 'float', count) as number[])

  return {
    /** Throws where llama.cpp refuses the file. Keys and values are float32, attention is plain. */
    open(file: string, { embeddings = false, vocabOnly = false } = {}) {
      complaints.length = 0
      const model: Pointer | null = loadModel(file, { ...modelDefaults(), gpuLayers: 0, vocabOnly })
      if (!model) throw new Error(`llama.cpp refuses ${file}: ${complaints.join('; ')}`)
      const params = {
        ...contextDefaults(),
        context: 512,
        batch: 512,
        microBatch: 512,
        threads: 1,
        batchThreads: 1,
        flashAttention: NO_FLASH_ATTENTION,
        typeK: FLOAT32,
        typeV: FLOAT32,
        ...(embeddings && { embeddings, pooling: NO_POOLING }),
      }
      const vocab: Pointer = vocabOf(model)
      const run = (
        context: Pointer,
        call: typeof decode,
        ids: readonly number[],
        first = 0,
      ): void => {
        const given = initBatch(ids.length, 0, 1)
        koffi.encode(given.tokens, 'int', [...ids], ids.length)
        const positions = ids.map((_, i) => first + i)
        koffi.encode(given.positions, 'int', positions, ids.length)
        koffi.encode(
          given.sequenceCounts,
          'int',
          ids.map(() => 1),
          ids.length,
        )
        for (const [i] of ids.entries()) {
          const list = koffi.decode(given.sequences, i * 8, 'void *')
          koffi.encode(list, 'int', 0)
        }
        koffi.encode(
          given.outputs,
          'int8_t',
          ids.map(() => 1),
          ids.length,
        )
        const status = call(context, { ...given, count: ids.length })
        freeBatch(given)
        if (status !== 0) throw new Error(`llama.cpp gives ${status}`)
      }
      const inContext = <T>(use: (context: Pointer) => T, others: object = {}): T => {
        const context: Pointer | null = createContext(model, { ...params, ...others })
        if (!context) throw new Error(`llama.cpp makes no context for ${file}`)
        try {
          return use(context)
        } finally {
          freeContext(context)
        }
      }
      const rows = (context: Pointer, ids: readonly number[], of: typeof logitsAt, size: number) =>
        ids.map((_, i) => floats(of(context, i), size))
      return {
        tokenize(text: string, { addSpecial = true, parseSpecial = false } = {}): number[] {
          const ids = new Int32Array(4 * text.length + 16)
          const bytes = Buffer.byteLength(text)
          const count = tokenize(vocab, text, bytes, ids, ids.length, addSpecial, parseSpecial)
          if (count < 0) throw new Error(`${-count} tokens`)
          return [...ids.subarray(0, count)]
        },
        /** Logits after each of the tokens, which are read at once. */
        logits: (ids: readonly number[]): Float32Array[] =>
          inContext((context) => {
            run(context, decode, ids)
            return rows(context, ids, logitsAt, vocabSize(vocab))
          }),
        /** The same for a decoder that attends to a text. */
        crossLogits: (text: readonly number[], ids: readonly number[]): Float32Array[] =>
          inContext((context) => {
            run(context, encode, text)
            run(context, decode, ids)
            return rows(context, ids, logitsAt, vocabSize(vocab))
          }),
        /** The last hidden states of an encoder. */
        hidden: (ids: readonly number[]): Float32Array[] =>
          inContext((context) => {
            run(context, encode, ids)
            return rows(context, ids, embeddingAt, width(model))
          }),
        /** What stands for a whole text, as the file says: a vector, or numbers for labels. */
        vector: (ids: readonly number[], size: number): Float32Array =>
          inContext(
            (context) => {
              run(context, encode, ids)
              return floats(embeddingOf(context, 0), size)
            },
            { pooling: POOLING_OF_MODEL },
          ),
        /** Most likely tokens, one at a time from the cache. */
        greedy: (prompt: readonly number[], steps: number): number[] =>
          inContext((context) => {
            const chosen: number[] = []
            let [given, at] = [[...prompt], 0]
            while (chosen.length < steps) {
              run(context, decode, given, at)
              const logits = floats(logitsAt(context, given.length - 1), vocabSize(vocab))
              at += given.length
              const best = logits.indexOf(Math.max(...logits))
              chosen.push(best)
              given = [best]
            }
            return chosen
          }),
        close: () => freeModel(model),
      }
    },
  }
}
