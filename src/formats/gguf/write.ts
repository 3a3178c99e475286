import { basename } from 'node:path'
import { UserError } from '../../errors.ts'
import { writeFileAside } from '../../files/write-aside.ts'
import { sizeOf } from '../../graph/index.ts'
import { createModel, type Model, type ModelConfig, stacksOf } from '../../models/model.ts'
import type { OpenModel } from '../open-model.ts'
import { type ReadParameter, storedValues } from '../tensor-map.ts'
import { ggufArchitectureOf, ggufFields, ggufTensors } from './architectures/index.ts'
import { encodeGguf, type GgufTensorToWrite, type GgufToWrite } from './encode.ts'
import { GGUF_DTYPES, type GgufDtype, TENSOR_TYPES, type TensorTypeName } from './types/index.ts'
import { type GgufValue, text, uint32 } from './values.ts'
import { END_KEYS } from './vocabulary/tokens.ts'
import { writeGgufTokenizer } from './vocabulary/write.ts'

/**
 * Writes a GGUF file, tensor by tensor. Throws UserError that names what GGUF cannot say of the
 * model or its tokenizer.
 */
export async function writeGguf(
  source: OpenModel,
  out: string,
  { dtype }: { dtype: GgufDtype },
): Promise<void> {
  const { config, tokenizer, chatTemplate, addBos } = source
  const { metadata, tensors } = ggufOf(createModel(config), source.read, dtype)
  const rows = stacksOf(config)[0]?.vocabSize ?? 0
  const name: [string, GgufValue] = ['general.name', text(basename(out).replace(/\.gguf$/i, ''))]
  const all = new Map([
    ...metadata,
    name,
    ...writeGgufTokenizer(tokenizer, { rows, addBos, chatTemplate }),
    ...otherEnds(source),
  ])
  await writeFileAside(out, encodeGguf({ metadata: all, tensors }))
}

/**
 * The ends of generation that are not that of documents: of turns, and of messages. Throws
 * UserError where there are more.
 */
function otherEnds({ generation, tokenizer }: OpenModel): [string, GgufValue][] {
  const ends = [generation.eos_token_id ?? []].flat().filter((id) => id !== tokenizer.eosId)
  if (ends.length > END_KEYS.length)
    throw new UserError(
      `GGUF: generation ends at ${ends.length} tokens besides EOS (${ends.join(', ')}); ` +
        `llama.cpp has keys for ${END_KEYS.length}; leave some out of eos_token_id`,
    )
  return ends.map((id, i) => [END_KEYS[i] as string, uint32(id as number)])
}

/**
 * A model as a GGUF file, without a tokenizer; `read` gives a parameter when its turn comes. Throws
 * UserError that names the options which no architecture of llama.cpp has.
 */
export function ggufOf(given: Model, readGiven: ReadParameter, dtype: GgufDtype): GgufToWrite {
  const { model, read } = asPlain(given, readGiven)
  const { config } = model
  const architecture = ggufArchitectureOf(config)
  const mapped = ggufTensors(architecture, model)
  const isTied = !mapped.some(({ name }) => name === OUTPUT)
  const constants = architecture.constants?.(config) ?? []
  const { fileType } = GGUF_DTYPES[dtype]
  return {
    metadata: new Map([
      ...ggufFields(architecture, config),
      ['general.file_type', uint32(fileType)],
      ['general.quantization_version', uint32(QUANTIZATION_VERSION)],
    ]),
    tensors: [
      ...constants.map(
        ({ name, values }): GgufTensorToWrite => ({
          name,
          type: 'F32',
          shape: [values.length],
          data: values,
        }),
      ),
      ...mapped.map((tensor): GgufTensorToWrite => {
        const { name, shape } = tensor
        const isOutput = name === OUTPUT || (isTied && name === EMBEDDING)
        return {
          name,
          shape,
          type: typeOf(name, shape, dtype, isOutput),
          data: () => storedValues(tensor, read),
        }
      }),
    ],
  }
}

const [OUTPUT, EMBEDDING] = ['output.weight', 'token_embd.weight']
/** Of the layouts of blocks, in ggml. */
const QUANTIZATION_VERSION = 2
/** What llama.cpp adds up or looks up in float32, and what is small. */
const PLAIN = /(ffn_gate_inp|position_embd|token_types|attn_rel_b)\.weight$/

/**
 * Vectors stay as they are. The output decides most about quality, and gets 8 bits where others
 * have 4; rows that are no whole blocks get 16.
 */
function typeOf(
  name: string,
  shape: readonly number[],
  dtype: GgufDtype,
  isOutput: boolean,
): TensorTypeName {
  if (shape.length < 2 || PLAIN.test(name)) return 'F32'
  const { type } = isOutput && dtype === 'q4_0' ? GGUF_DTYPES.q8_0 : GGUF_DTYPES[dtype]
  return (shape.at(-1) ?? 1) % TENSOR_TYPES[type].blockSize === 0 ? type : 'F16'
}

const POSITIONS = 'model.embed_positions.weight'

/**
 * The same model without what changes nothing, and what no architecture of llama.cpp therefore has:
 * a window as long as the context, and rows of the table of positions before that of the first.
 */
function asPlain(model: Model, read: ReadParameter): { model: Model; read: ReadParameter } {
  const config = withoutOffset(withoutIdleWindow(model.config))
  if (config === model.config) return { model, read }
  const plain = createModel(config)
  const size = sizeOf(plain.parameters().get(POSITIONS)?.shape ?? [])
  return {
    model: plain,
    read: async (name) => {
      const values = await read(name)
      return name === POSITIONS ? values.subarray(values.length - size) : values
    },
  }
}

function withoutIdleWindow(config: ModelConfig): ModelConfig {
  if (config.kind !== 'decoder' || config.windowRopeTheta !== undefined) return config
  const { window, windowed: _, ...others } = config
  return window !== undefined && window >= config.context ? others : config
}

const withoutOffset = (config: ModelConfig): ModelConfig =>
  config.kind === 'encoder' && config.positionOffset > 0 ? { ...config, positionOffset: 0 } : config
