import { UserError } from '../../errors.ts'
import type { ByteSource } from '../../files/byte-source.ts'
import { openFile } from '../../files/node-file.ts'
import { sizeOf } from '../../graph/index.ts'
import type { DecoderConfig } from '../../models/decoder-config.ts'
import { createModel } from '../../models/model.ts'
import { fitTokenizer } from '../fit-tokenizer.ts'
import type { OpenModel } from '../open-model.ts'
import { type StoredParameters, storedParameters } from '../tensor-map.ts'
import { readTokenizerAt } from '../tokenizer-folder.ts'
import { type Llama2cTensor, llama2cTensors, readLlama2cHeader } from './header.ts'

interface Llama2cModel extends StoredParameters, Pick<OpenModel, 'stored'> {
  config: DecoderConfig
}

/**
 * Opens a model of karpathy/llama2.c (`export.py`, versions 0, 1 and 2), with its vocabulary.
 * Throws UserError where a file is damaged, or the vocabulary missing.
 */
export async function openLlama2c(
  path: string,
  tokenizerPath: string | undefined,
): Promise<OpenModel> {
  if (tokenizerPath === undefined)
    throw new UserError(
      `${path}: a model of llama2.c has its vocabulary in a file of its own; give it as the ` +
        'tokenizer, such as tokenizer.bin',
    )
  const source = await openFile(path)
  try {
    const { config, stored, read } = await readLlama2c(source, path)
    const given = await readTokenizerAt(tokenizerPath)
    const { tokenizer, unused } = fitTokenizer(tokenizerPath, given.tokenizer, config)
    return {
      path,
      architecture: 'llama2.c',
      config,
      tokenizer,
      chatTemplate: undefined,
      generation: {},
      addBos: true,
      unknownFields: unused,
      unusedSettings: [],
      unusedTensors: [],
      stored,
      read,
      locate: async () => undefined,
      close: async () => source.close?.(),
    }
  } catch (error) {
    await source.close?.()
    throw error
  }
}

/**
 * Reads and checks the header; the size of the file must be what it says. `file` names it in
 * errors.
 */
export async function readLlama2c(source: ByteSource, file: string): Promise<Llama2cModel> {
  const header = await readLlama2cHeader(source, file)
  const { config, groupSize } = header
  const model = createModel(config)
  const shapes = new Map([...model.parameters()].map(([name, { shape }]) => [name, shape]))
  const { tensors, end } = llama2cTensors(header, shapes)
  if (end !== source.size)
    throw new UserError(`${file}: has ${source.size} bytes; its header asks for ${end}`)
  const floats = async (offset: number, count: number) => {
    const { buffer, byteOffset } = await source.read(offset, 4 * count)
    return new Float32Array(buffer, byteOffset, count)
  }
  const dequantized = async (offset: number, count: number) => {
    const bytes = await source.read(offset, count)
    const scales = await floats(offset + count, count / groupSize)
    return Float32Array.from(new Int8Array(bytes.buffer, bytes.byteOffset, count), (x, i) => {
      return x * (scales[Math.floor(i / groupSize)] as number)
    })
  }
  const headsOf = (name: string): number | undefined => {
    if (name.includes('.q_proj.')) return config.heads
    return name.includes('.k_proj.') ? config.kvHeads : undefined
  }
  const mapped = [...shapes].map(([name, shape]) => {
    return { name, shape, parameters: [name], pairedHeads: headsOf(name) }
  })
  const readFloat32 = async (name: string, out?: Float32Array): Promise<Float32Array> => {
    const { offset, quantized } = tensors.get(name) as Llama2cTensor
    const values = await (quantized ? dequantized : floats)(offset, sizeOf(shapes.get(name) ?? []))
    out?.set(values)
    return out ?? values
  }
  return {
    config,
    stored: Array.from(tensors.values(), ({ quantized, length }) => {
      return { dtype: quantized ? 'I8' : 'F32', length }
    }),
    ...storedParameters(mapped, model, { readFloat32 }),
  }
}
