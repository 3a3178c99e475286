import type { OpenModel } from '../../checkpoint/open-model.ts'
import { UserError } from '../../errors.ts'
import { sizeOf } from '../../graph/index.ts'
import { type DecoderConfig, llamaConfig } from '../../models/decoder-config.ts'
import type { ByteSource } from '../../models/files/byte-source.ts'
import { openFile } from '../../models/files/node-file.ts'
import { toHalves } from '../../models/gguf/families/paired-rows.ts'
import { checkSizes } from '../../models/huggingface/config.ts'
import { createModel } from '../../models/model.ts'
import { readTokenizerAt } from '../../text/tokenizer-folder.ts'

/** Seven int32. */
const HEADER = 28
const FIELDS = ['dim', 'hidden_dim', 'n_layers', 'n_heads', 'n_kv_heads', 'vocab_size', 'seq_len']
/** `ak42`, which later versions begin with. */
const MAGIC = 0x616b3432

/** Parameters of each layer, in the order of the file, which has one of them for all layers at a time. */
const LAYER = [
  'input_layernorm',
  'self_attn.q_proj',
  'self_attn.k_proj',
  'self_attn.v_proj',
  'self_attn.o_proj',
  'post_attention_layernorm',
  'mlp.gate_proj',
  'mlp.down_proj',
  'mlp.up_proj',
]

interface Checkpoint {
  config: DecoderConfig
  read(name: string): Promise<Float32Array>
}

/**
 * Opens a model of karpathy/llama2.c in its first format (`export.py --version 0`), with its vocabulary.
 * Throws UserError where a file is damaged, or the vocabulary missing.
 */
export async function openLlama2c(
  path: string,
  tokenizerPath: string | undefined,
): Promise<OpenModel> {
  if (tokenizerPath === undefined)
    throw new UserError(
      `${path}: a model of llama2.c has its vocabulary in a file of its own; give it as the tokenizer, such as tokenizer.bin`,
    )
  const source = await openFile(path)
  try {
    const { config, read } = await readLlama2c(source, path)
    const { tokenizer } = await readTokenizerAt(tokenizerPath)
    return {
      family: 'llama2.c',
      ...{ config, tokenizer, read },
      chatTemplate: undefined,
      generation: {},
      addBos: true,
      unknownFields: [],
      close: async () => source.close?.(),
    }
  } catch (error) {
    await source.close?.()
    throw error
  }
}

/** Reads and checks the header; the size of the file must be what it says. `file` names it in errors. */
export async function readLlama2c(source: ByteSource, file: string): Promise<Checkpoint> {
  const fail = (problem: string) => new UserError(`${file}: ${problem}`)
  if (source.size < HEADER) throw fail(`has ${source.size} bytes; a model of llama2.c has more`)
  const header = new DataView((await source.read(0, HEADER)).buffer)
  if (header.getUint32(0, true) === MAGIC)
    throw fail('is a later version of the format; export it with --version 0')
  const values = FIELDS.map((_, i) => header.getInt32(4 * i, true))
  const [dim, hiddenDim, layers, heads, kvHeads, vocabulary, context] = values as Header
  const wrong = FIELDS.findIndex((field, i) => (values[i] as number) < 1 && field !== 'vocab_size')
  if (wrong >= 0 || vocabulary === 0)
    throw fail(
      `${FIELDS[wrong] ?? 'vocab_size'} is ${values[wrong] ?? 0}; this is no model of llama2.c`,
    )
  const sizes = { vocabSize: Math.abs(vocabulary), context, layers, dim, heads, kvHeads, hiddenDim }
  // A vocabulary below zero says that the output has a matrix of its own.
  const config = llamaConfig({ ...sizes, tied: vocabulary > 0 })
  checkBytes(config, source.size, file)
  checkSizes(config, file)
  const shapes = new Map(
    [...createModel(config).parameters()].map(([name, { shape }]) => [name, shape]),
  )
  const { offsets, end } = layOut(config, shapes)
  if (end !== source.size) throw fail(`has ${source.size} bytes; its header asks for ${end}`)
  return {
    config,
    read: async (name) => {
      const shape = shapes.get(name) ?? []
      const bytes = await source.read(offsets.get(name) as number, 4 * sizeOf(shape))
      const stored = new Float32Array(bytes.buffer, bytes.byteOffset, sizeOf(shape))
      const turned = /\.([qk])_proj\./.exec(name)?.[1]
      if (!turned) return stored
      return toHalves(stored, shape[0] as number, turned === 'q' ? heads : kvHeads)
    },
  }
}

type Header = [number, number, number, number, number, number, number]

/** A header that asks for more than the file has is refused before a model is made of it. */
function checkBytes(
  { vocabSize, dim, layers, hiddenDim }: DecoderConfig,
  size: number,
  file: string,
) {
  const least = 4 * dim * (vocabSize + layers * (3 * hiddenDim + 2 * dim))
  if (!(least <= size))
    throw new UserError(
      `${file}: has ${size} bytes, and its header asks for more than ${least}; it is cut short, or no model of llama2.c`,
    )
}

function layOut(
  { layers, context, headDim, tied }: DecoderConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
): { offsets: Map<string, number>; end: number } {
  const offsets = new Map<string, number>()
  let end = HEADER
  const add = (name: string) => {
    offsets.set(name, end)
    end += 4 * sizeOf(shapes.get(name) ?? [])
  }
  add('model.embed_tokens.weight')
  for (const part of LAYER) for (let i = 0; i < layers; i++) add(`model.layers.${i}.${part}.weight`)
  add('model.norm.weight')
  // Cosines and sines, which are computed here.
  end += 4 * context * headDim
  if (!tied) add('lm_head.weight')
  return { offsets, end }
}
