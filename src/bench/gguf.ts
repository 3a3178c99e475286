import { sizeOf } from '../graph/index.ts'
import type { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'

/**
 * A GGUF file (version 3, docs/gguf.md of ggml-org/ggml) with a decoder's weights as float32, piece
 * by piece, so that llama.cpp can be measured on the same model. `values` are the parameters by our
 * names. The vocabulary is made up: token ids mean something there, text does not.
 */
export function* encodeGguf(
  model: Decoder,
  values: (name: string) => Float32Array,
): Generator<Uint8Array> {
  const tensors = ggufTensors(model)
  const metadata = Object.entries(ggufMetadata(model.config))
  let offset = 0
  const infos = tensors.map(({ name, shape }) => {
    // The fastest dimension comes first.
    const sizes = [...shape].reverse().map(u64)
    const info = Buffer.concat([text(name), u32(sizes.length), ...sizes, u32(F32), u64(offset)])
    offset += padded(4 * sizeOf(shape))
    return info
  })
  const counts = [u32(3), u64(tensors.length), u64(metadata.length)]
  const pairs = metadata.map(([key, value]) => Buffer.concat([text(key), typed(value)]))
  yield* aligned(Buffer.concat([Buffer.from('GGUF'), ...counts, ...pairs, ...infos]))
  for (const { parts, shape, heads } of tensors) {
    const bytes = parts.map((part) => {
      const data = heads ? interleaved(values(part), shape, heads) : values(part)
      return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    })
    yield* aligned(bytes.length === 1 ? (bytes[0] as Buffer) : Buffer.concat(bytes))
  }
}

interface GgufTensor {
  name: string
  shape: readonly number[]
  /** Our parameters, one below the other. */
  parts: readonly string[]
  /** Heads whose rows are reordered, for rotary positions. */
  heads?: number
}

function ggufTensors(model: Decoder): GgufTensor[] {
  const { config } = model
  const parameters = model.parameters()
  const module = (name: string, ours: readonly string[], heads?: number): GgufTensor[] =>
    ['weight', 'bias'].flatMap((kind) => {
      const parts = ours.map((path) => `${path}.${kind}`)
      const shapes = parts.flatMap((part) => parameters.get(part)?.shape ?? [])
      const [first] = parts.map((part) => parameters.get(part)?.shape)
      if (!first || shapes.length === 0) return []
      const shape = [parts.length * (first[0] ?? 1), ...first.slice(1)]
      return [{ name: `${name}.${kind}`, parts, shape, heads }]
    })
  const layer = (_: unknown, i: number): GgufTensor[] => {
    const [file, ours] = [`blk.${i}`, `model.layers.${i}`]
    const [q, k, v] = ['q', 'k', 'v'].map((x) => `${ours}.self_attn.${x}_proj`) as Triple
    const turned = config.positions === 'rotary'
    return [
      ...module(`${file}.attn_norm`, [`${ours}.input_layernorm`]),
      ...(turned ? module(`${file}.attn_q`, [q], config.heads) : []),
      ...(turned ? module(`${file}.attn_k`, [k], config.kvHeads) : []),
      ...(turned ? module(`${file}.attn_v`, [v]) : module(`${file}.attn_qkv`, [q, k, v])),
      ...module(`${file}.attn_output`, [`${ours}.self_attn.o_proj`]),
      ...module(`${file}.ffn_norm`, [`${ours}.post_attention_layernorm`]),
      ...module(`${file}.ffn_gate`, [`${ours}.mlp.gate_proj`]),
      ...module(`${file}.ffn_up`, [`${ours}.mlp.up_proj`]),
      ...module(`${file}.ffn_down`, [`${ours}.mlp.down_proj`]),
    ]
  }
  return [
    ...module('token_embd', ['model.embed_tokens']),
    ...module('position_embd', ['model.embed_positions']),
    ...Array.from({ length: config.layers }, layer).flat(),
    ...module('output_norm', ['model.norm']),
    ...module('output', ['lm_head']),
  ]
}

type Triple = [string, string, string]

/** Rows of each head from (i, i + D/2), as here, to (2i, 2i + 1), as llama.cpp turns them. */
function interleaved(values: Float32Array, shape: readonly number[], heads: number): Float32Array {
  const [rows = 0, columns = 1] = shape
  const result = new Float32Array(values.length)
  const size = rows / heads
  for (let row = 0; row < rows; row++) {
    const [head, i] = [Math.floor(row / size), row % size]
    const to = head * size + (i < size / 2 ? 2 * i : 2 * (i - size / 2) + 1)
    result.set(values.subarray(row * columns, (row + 1) * columns), to * columns)
  }
  return result
}

type Value =
  | string
  | { u32: number }
  | { f32: number }
  | readonly string[]
  | Float32Array
  | Int32Array

function ggufMetadata(config: DecoderConfig): Record<string, Value> {
  const style = config.positions === 'rotary' ? 'llama' : 'gpt2'
  const norm = config.norm === 'rms' ? 'layer_norm_rms_epsilon' : 'layer_norm_epsilon'
  const ids = Array.from({ length: config.vocabSize }, (_, i) => i)
  const special = ['<unk>', '<s>', '</s>']
  const bytes = special.length + 256
  const token = (i: number) =>
    special[i] ?? (i < bytes ? `<0x${hex(i - special.length)}>` : `token${i}`)
  const kind = (i: number) =>
    i === 0 ? UNKNOWN : i < special.length ? CONTROL : i < bytes ? BYTE : 1
  return {
    'general.architecture': style,
    [`${style}.context_length`]: { u32: config.context },
    [`${style}.embedding_length`]: { u32: config.dim },
    [`${style}.block_count`]: { u32: config.layers },
    [`${style}.feed_forward_length`]: { u32: config.hiddenDim },
    [`${style}.attention.head_count`]: { u32: config.heads },
    [`${style}.attention.head_count_kv`]: { u32: config.kvHeads },
    [`${style}.rope.dimension_count`]: { u32: config.headDim },
    [`${style}.rope.freq_base`]: { f32: config.ropeTheta },
    [`${style}.attention.${norm}`]: { f32: config.normEpsilon },
    [`${style}.vocab_size`]: { u32: config.vocabSize },
    'tokenizer.ggml.model': 'llama',
    'tokenizer.ggml.tokens': ids.map(token),
    'tokenizer.ggml.scores': Float32Array.from(ids, (i) => -i),
    'tokenizer.ggml.token_type': Int32Array.from(ids, kind),
    'tokenizer.ggml.bos_token_id': { u32: 1 },
    'tokenizer.ggml.eos_token_id': { u32: 2 },
  }
}

/** Kinds of tokens. */
const UNKNOWN = 2
const CONTROL = 3
const BYTE = 6

const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, '0')

/** Types of metadata values. */
const TYPES = { u32: 4, i32: 5, f32: 6, text: 8, array: 9 }
/** A tensor's type. */
const F32 = 0

function typed(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.concat([u32(TYPES.text), text(value)])
  if (value instanceof Float32Array) return array(TYPES.f32, value.length, bytesOf(value))
  if (value instanceof Int32Array) return array(TYPES.i32, value.length, bytesOf(value))
  if ('u32' in value) return Buffer.concat([u32(TYPES.u32), u32(value.u32)])
  if ('f32' in value) return Buffer.concat([u32(TYPES.f32), bytesOf(Float32Array.of(value.f32))])
  return array(TYPES.text, value.length, Buffer.concat(value.map(text)))
}

const array = (type: number, length: number, items: Buffer): Buffer =>
  Buffer.concat([u32(TYPES.array), u32(type), u64(length), items])

const bytesOf = (values: Float32Array | Int32Array): Buffer => Buffer.from(values.buffer)

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([u64(bytes.length), bytes])
}

const ALIGNMENT = 32

const padded = (size: number): number => Math.ceil(size / ALIGNMENT) * ALIGNMENT

function* aligned(bytes: Uint8Array): Generator<Uint8Array> {
  yield bytes
  const rest = padded(bytes.length) - bytes.length
  if (rest > 0) yield new Uint8Array(rest)
}
