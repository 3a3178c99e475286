import { readFile } from 'node:fs/promises'
import { Decoder } from '../src/models/decoder.ts'
import { llamaConfig } from '../src/models/decoder-config.ts'
import type { Tokenizer } from '../src/text/tokenizer.ts'

const LAYER_NAMES = {
  attentionNorm: 'input_layernorm',
  wq: 'self_attn.q_proj',
  wk: 'self_attn.k_proj',
  wv: 'self_attn.v_proj',
  wo: 'self_attn.o_proj',
  feedForwardNorm: 'post_attention_layernorm',
  w1: 'mlp.gate_proj',
  w2: 'mlp.down_proj',
  w3: 'mlp.up_proj',
}

/** A model of karpathy/llama2.c, in its first format. */
export async function readLlama2c(
  path: URL,
): Promise<{ decoder: Decoder; weights: Record<string, Float32Array> }> {
  const bytes = await readFile(path)
  const header = Array.from({ length: 7 }, (_, i) => bytes.readInt32LE(4 * i))
  const [dim, hiddenDim, layers, heads, kvHeads, vocabulary, context] = header as Header
  const vocabSize = Math.abs(vocabulary)
  const sizes = { vocabSize, context, layers, dim, heads, kvHeads, hiddenDim }
  const decoder = new Decoder(llamaConfig({ ...sizes, tied: vocabulary > 0 }))
  const headDim = dim / heads
  let offset = 28
  const read = (size: number): Float32Array => {
    const values = Float32Array.from({ length: size }, (_, i) => bytes.readFloatLE(offset + 4 * i))
    offset += 4 * size
    return values
  }
  const shapes = decoder.parameters()
  const sizeOf = (name: string) => (shapes.get(name)?.shape ?? []).reduce((a, b) => a * b, 1)
  const weights: Record<string, Float32Array> = {}
  const take = (name: string) => {
    weights[name] = read(sizeOf(name))
  }
  take('model.embed_tokens.weight')
  for (const [stored, ours] of Object.entries(LAYER_NAMES))
    for (let i = 0; i < layers; i++) {
      const name = `model.layers.${i}.${ours}.weight`
      take(name)
      const turned = stored === 'wq' || stored === 'wk'
      if (turned) weights[name] = halvesOf(weights[name] as Float32Array, headDim, dim)
    }
  take('model.norm.weight')
  read(context * headDim)
  if (vocabulary < 0) take('lm_head.weight')
  return { decoder, weights }
}

type Header = [number, number, number, number, number, number, number]

/** Rows of each head from adjacent pairs (2i, 2i + 1), as llama2.c turns them, to (i, i + D/2). */
function halvesOf(values: Float32Array, headDim: number, columns: number): Float32Array {
  const result = new Float32Array(values.length)
  for (let row = 0; row < values.length / columns; row++) {
    const [head, i] = [Math.floor(row / headDim), row % headDim]
    const to = head * headDim + (i % 2) * (headDim / 2) + Math.floor(i / 2)
    result.set(values.subarray(row * columns, (row + 1) * columns), to * columns)
  }
  return result
}

/** Decodes with a llama2.c vocabulary (SentencePiece BPE with byte fallback); does not encode. */
export async function readLlama2cTokenizer(path: URL): Promise<Tokenizer> {
  const bytes = await readFile(path)
  const tokens: Buffer[] = []
  for (let offset = 4; offset < bytes.length; ) {
    const length = bytes.readInt32LE(offset + 4)
    offset += 8
    tokens.push(bytes.subarray(offset, offset + length))
    offset += length
  }
  const [bosId, eosId] = [1, 2]
  const bytesOf = (id: number): Buffer => {
    const token = tokens[id] as Buffer
    const byte = /^<0x([0-9A-F]{2})>$/.exec(token.toString('latin1'))?.[1]
    return byte ? Buffer.from(byte, 'hex') : token
  }
  const decode = (ids: ArrayLike<number>) => {
    const text = Buffer.concat(Array.from(ids, bytesOf)).toString()
    // The blank that SentencePiece puts before the first word.
    return text.replace(/^ /, '')
  }
  return {
    vocabSize: tokens.length,
    bosId,
    eosId,
    specialTokens: { '<s>': bosId, '</s>': eosId },
    encode: () => [],
    decode,
    decoder: () => {
      const ids: number[] = []
      let shown = ''
      return {
        push: (id) => {
          ids.push(id)
          const whole = decode(ids)
          const text = whole.slice(shown.length)
          shown = whole
          return text
        },
        end: () => '',
      }
    },
    toJSON: () => ({}),
  }
}
