import type { Model } from '../../models/model.ts'
import { type ReadParameter, storedValues } from '../tensor-map.ts'
import { ggufArchitectureOf, ggufFields, ggufTensors } from './architectures/index.ts'
import { GGUF_DTYPES, type GgufDtype } from './dtypes.ts'
import type { GgufTensorToWrite, GgufToWrite } from './encode.ts'
import { uint32 } from './make-value.ts'
import { asPlain } from './plain.ts'
import { TENSOR_TYPES, type TensorTypeName } from './types/index.ts'

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
