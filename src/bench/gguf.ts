import type { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import type { GgufToWrite } from '../models/gguf/encode.ts'
import type { GgufValue } from '../models/gguf/values.ts'
import { concatenated } from '../models/huggingface/matrices.ts'

/**
 * A GGUF file with a decoder's weights as float32, so that llama.cpp can be measured on the same
 * model. `values` are the parameters by our names. The vocabulary is made up: token ids mean
 * something there, text does not.
 */
export function decoderGguf(model: Decoder, values: (name: string) => Float32Array): GgufToWrite {
  const tensors = renamedTensors(model).map(({ name, shape, parts, heads }) => ({
    name,
    type: 'F32' as const,
    shape,
    data: () => {
      const turned = parts.map((part) =>
        heads ? interleaved(values(part), shape, heads) : values(part),
      )
      return turned.length === 1 ? (turned[0] as Float32Array) : concatenated(turned)
    },
  }))
  return { metadata: decoderMetadata(model.config), tensors }
}

interface RenamedTensor {
  name: string
  shape: readonly number[]
  /** Our parameters, one below the other. */
  parts: readonly string[]
  /** Heads whose rows are reordered, for rotary positions. */
  heads?: number
}

function renamedTensors(model: Decoder): RenamedTensor[] {
  const { config } = model
  const parameters = model.parameters()
  const module = (name: string, ours: readonly string[], heads?: number): RenamedTensor[] =>
    ['weight', 'bias'].flatMap((kind) => {
      const parts = ours.map((path) => `${path}.${kind}`)
      const shapes = parts.flatMap((part) => parameters.get(part)?.shape ?? [])
      const [first] = parts.map((part) => parameters.get(part)?.shape)
      if (!first || shapes.length === 0) return []
      const shape = [parts.length * (first[0] ?? 1), ...first.slice(1)]
      return [{ name: `${name}.${kind}`, parts, shape, heads }]
    })
  const layer = (_: unknown, i: number): RenamedTensor[] => {
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

const uint32 = (value: number): GgufValue => ({ type: 'uint32', value })
const float32 = (value: number): GgufValue => ({ type: 'float32', value })

function decoderMetadata(config: DecoderConfig): Map<string, GgufValue> {
  const style = config.positions === 'rotary' ? 'llama' : 'gpt2'
  const norm = config.norm === 'rms' ? 'layer_norm_rms_epsilon' : 'layer_norm_epsilon'
  const ids = Array.from({ length: config.vocabSize }, (_, i) => i)
  const special = ['<unk>', '<s>', '</s>']
  const bytes = special.length + 256
  const token = (i: number) =>
    special[i] ?? (i < bytes ? `<0x${hex(i - special.length)}>` : `token${i}`)
  const kind = (i: number) =>
    i === 0 ? UNKNOWN : i < special.length ? CONTROL : i < bytes ? BYTE : 1
  return new Map<string, GgufValue>([
    ['general.architecture', { type: 'string', value: style }],
    [`${style}.context_length`, uint32(config.context)],
    [`${style}.embedding_length`, uint32(config.dim)],
    [`${style}.block_count`, uint32(config.layers)],
    [`${style}.feed_forward_length`, uint32(config.hiddenDim)],
    [`${style}.attention.head_count`, uint32(config.heads)],
    [`${style}.attention.head_count_kv`, uint32(config.kvHeads)],
    [`${style}.rope.dimension_count`, uint32(config.headDim)],
    [`${style}.rope.freq_base`, float32(config.ropeTheta)],
    [`${style}.attention.${norm}`, float32(config.normEpsilon)],
    [`${style}.vocab_size`, uint32(config.vocabSize)],
    ['tokenizer.ggml.model', { type: 'string', value: 'llama' }],
    ['tokenizer.ggml.tokens', { type: 'array', items: 'string', value: ids.map(token) }],
    ['tokenizer.ggml.scores', { type: 'array', items: 'float32', value: ids.map((i) => -i) }],
    ['tokenizer.ggml.token_type', { type: 'array', items: 'int32', value: ids.map(kind) }],
    ['tokenizer.ggml.bos_token_id', uint32(1)],
    ['tokenizer.ggml.eos_token_id', uint32(2)],
  ])
}

/** Kinds of tokens. */
const UNKNOWN = 2
const CONTROL = 3
const BYTE = 6

const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, '0')
