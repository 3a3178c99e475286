import type { GgufToWrite } from '../src/formats/gguf/encode.ts'
import {
  float32s,
  type GgufValue,
  int32s,
  text,
  texts,
  uint32,
} from '../src/formats/gguf/values.ts'
import { ggufOf } from '../src/formats/gguf/write.ts'
import type { Decoder } from '../src/models/decoder.ts'
import { byteToken } from '../src/text/pipeline/model.ts'

/**
 * A GGUF file with a decoder's weights in float32, so that llama.cpp can be measured on the same
 * model. `values` are the parameters by our names. The vocabulary is made up, for ids alone.
 */
export function decoderGguf(model: Decoder, values: (name: string) => Float32Array): GgufToWrite {
  const { metadata, tensors } = ggufOf(model, async (name) => values(name), 'f32')
  return { metadata: new Map([...metadata, ...vocabulary(model.config.vocabSize)]), tensors }
}

/** Kinds of tokens. */
const [NORMAL, UNKNOWN, CONTROL, BYTE] = [1, 2, 3, 6]

function vocabulary(size: number): [string, GgufValue][] {
  const special = ['<unk>', '<s>', '</s>']
  const first = special.map((token, id) => [token, id === 0 ? UNKNOWN : CONTROL] as const)
  const bytes = Array.from({ length: 256 }, (_, byte) => [byteToken(byte), BYTE] as const)
  const ids = Array.from({ length: size }, (_, id) => id)
  const tokens = ids.map((id) => [...first, ...bytes][id] ?? ([`token${id}`, NORMAL] as const))
  return [
    ['tokenizer.ggml.model', text('llama')],
    ['tokenizer.ggml.tokens', texts(tokens.map(([token]) => token))],
    ['tokenizer.ggml.scores', float32s(ids.map((id) => -id))],
    ['tokenizer.ggml.token_type', int32s(tokens.map(([, kind]) => kind))],
    ['tokenizer.ggml.bos_token_id', uint32(1)],
    ['tokenizer.ggml.eos_token_id', uint32(2)],
  ]
}
