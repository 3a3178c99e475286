import { UserError } from '../../errors.ts'
import type { ByteSource } from '../../files/byte-source.ts'
import { sizeOf } from '../../graph/index.ts'
import { type DecoderConfig, llamaConfig } from '../../models/decoder-config.ts'
import { checkRanges, checkSizes } from '../huggingface/config.ts'

const FIELDS = ['dim', 'hidden_dim', 'n_layers', 'n_heads', 'n_kv_heads', 'vocab_size', 'seq_len']
/** Bytes of the first version's header: the fields as int32. */
const FIRST = 4 * FIELDS.length
/** `ak42`, which later versions begin with; their header is padded to 256 bytes. */
const MAGIC = 0x616b3432
const LATER = 256

const NORMS = ['input_layernorm', 'post_attention_layernorm']
const ATTENTION = ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj', 'self_attn.o_proj']
const FEED_FORWARD = ['mlp.gate_proj', 'mlp.down_proj', 'mlp.up_proj']

/** What a file of karpathy/llama2.c says of its model (`export.py`). */
export interface Llama2cHeader {
  config: DecoderConfig
  /** 0: the first; 1: the same behind a header with a version; 2: matrices in int8. */
  version: number
  /** Of version 2: elements that share a scale. */
  groupSize: number
}

/** Where a parameter's bytes are; in version 2 the int8 of a matrix are followed by its scales. */
export interface Llama2cTensor {
  offset: number
  /** In bytes, scales included. */
  length: number
  quantized: boolean
}

/** Reads and checks the header. Throws UserError that begins with `file`. */
export async function readLlama2cHeader(source: ByteSource, file: string): Promise<Llama2cHeader> {
  const fail = (problem: string) => new UserError(`${file}: ${problem}`)
  if (source.size < FIRST) throw fail(`has ${source.size} bytes; a model of llama2.c has more`)
  const bytes = await source.read(0, Math.min(LATER, source.size))
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const isLater = header.getUint32(0, true) === MAGIC
  if (isLater && bytes.length < LATER) throw fail(`has ${source.size} bytes; its header has more`)
  const version = isLater ? header.getInt32(4, true) : 0
  if (version > 2 || (isLater && version < 1))
    throw fail(`is of version ${version} of the format; 0, 1 and 2 are read`)
  const first = isLater ? 8 : 0
  const values = FIELDS.map((_, i) => header.getInt32(first + 4 * i, true))
  const [dim, hiddenDim, layers, heads, kvHeads, vocabulary, context] = values as Fields
  const wrong = FIELDS.findIndex((field, i) => (values[i] as number) < 1 && field !== 'vocab_size')
  if (wrong >= 0 || vocabulary === 0)
    throw fail(
      `${FIELDS[wrong] ?? 'vocab_size'} is ${values[wrong] ?? 0}; this is no model of llama2.c`,
    )
  const groupSize = version === 2 ? header.getInt32(first + FIRST + 1, true) : 0
  if (version === 2 && (groupSize < 1 || dim % groupSize > 0))
    throw fail(`group_size is ${groupSize}; it must divide dim, ${dim}`)
  // In the first version, a vocabulary below zero says that the output has a matrix of its own.
  const tied = isLater ? header.getUint8(first + FIRST) === 1 : vocabulary > 0
  const sizes = { vocabSize: Math.abs(vocabulary), context, layers, dim, heads, kvHeads, hiddenDim }
  const config = llamaConfig({ ...sizes, tied })
  checkBytes(config, version === 2 ? 1 : 4, source.size, file)
  checkSizes(config, file)
  checkRanges(config, file)
  return { config, version, groupSize }
}

type Fields = [number, number, number, number, number, number, number]

/** A header that asks for more than the file has is refused before a model is made of it. */
function checkBytes(
  { vocabSize, dim, layers, hiddenDim }: DecoderConfig,
  elementBytes: number,
  size: number,
  file: string,
) {
  const least = elementBytes * dim * (vocabSize + layers * (3 * hiddenDim + 2 * dim))
  if (!(least <= size))
    throw new UserError(
      `${file}: has ${size} bytes, and its header asks for more than ${least}; it is cut short, ` +
        'or no model of llama2.c',
    )
}

/** Where each parameter of a file is, and where the last ends. */
export function llama2cTensors(
  { config, version, groupSize }: Llama2cHeader,
  shapes: ReadonlyMap<string, readonly number[]>,
): { tensors: Map<string, Llama2cTensor>; end: number } {
  const tensors = new Map<string, Llama2cTensor>()
  let end = version === 0 ? FIRST : LATER
  const add = (name: string, quantized = false) => {
    const size = sizeOf(shapes.get(name) ?? [])
    const length = quantized ? size + 4 * (size / groupSize) : 4 * size
    tensors.set(name, { offset: end, length, quantized })
    end += length
  }
  const addAll = (parts: readonly string[], quantized = false) => {
    for (const part of parts)
      for (let i = 0; i < config.layers; i++) add(`model.layers.${i}.${part}.weight`, quantized)
  }
  const [before, behind] = NORMS as [string, string]
  if (version === 0) {
    add('model.embed_tokens.weight')
    addAll([before, ...ATTENTION, behind, ...FEED_FORWARD])
    add('model.norm.weight')
    // Cosines and sines, which are computed here.
    end += 4 * config.context * config.headDim
  } else {
    addAll(NORMS)
    add('model.norm.weight')
    add('model.embed_tokens.weight', version === 2)
    addAll([...ATTENTION, ...FEED_FORWARD], version === 2)
  }
  if (!config.tied) add('lm_head.weight', version === 2)
  return { tensors, end }
}
