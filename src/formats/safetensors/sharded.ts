import { UserError } from '../../errors.ts'
import type { ByteSource } from '../../files/byte-source.ts'
import { parseJson } from '../../files/parse-json.ts'
import { bytesPerElement, type TensorEntry } from './header.ts'
import { openSafetensors, type TensorToWrite, type Weights } from './safetensors.ts'

const SINGLE = 'model.safetensors'
const INDEX = 'model.safetensors.index.json'

/**
 * The weights of a model folder: `model.safetensors`, or the shards that
 * `model.safetensors.index.json` names. `open` gives a file of the folder, or undefined where there
 * is none. Throws UserError when weights are missing or damaged.
 */
export const openWeights = async (
  open: (file: string) => Promise<ByteSource | undefined>,
): Promise<Weights> => {
  const single = await open(SINGLE)
  if (single) return openSafetensors(single, SINGLE)
  const index = await open(INDEX)
  if (!index) {
    throw new UserError(`no weights: the model folder has neither ${SINGLE} nor ${INDEX}`)
  }
  const weightMap = parseIndex(await index.read(0, index.size))
  await index.close?.()

  const shards = new Map<string, Weights>()
  const closeAll = async () => {
    await Promise.all([...shards.values()].map((shard) => shard.close()))
  }
  try {
    for (const file of new Set(weightMap.values())) {
      const source = await open(file)
      if (!source) throw new UserError(`${INDEX} names the shard ${file}, which is not there`)
      shards.set(file, await openSafetensors(source, file))
    }
    return joinShards(weightMap, shards, closeAll)
  } catch (error) {
    await closeAll()
    throw error
  }
}

const parseIndex = (bytes: Uint8Array): Map<string, string> => {
  const index = parseJson(bytes, INDEX) as { weight_map?: unknown } | null
  const map = index?.weight_map
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw new UserError(`${INDEX}: weight_map is not an object of tensor name to file name`)
  }
  for (const [name, file] of Object.entries(map)) {
    // A path could lead out of the folder.
    if (typeof file !== 'string' || !/^[^/\\:]+\.safetensors$/.test(file)) {
      const given = JSON.stringify(file)
      throw new UserError(
        `${INDEX}: weight_map[${JSON.stringify(name)}] is ${given}, not the name of a ` +
          '.safetensors file',
      )
    }
  }
  return new Map(Object.entries(map as Record<string, string>))
}

const joinShards = (
  weightMap: Map<string, string>,
  shards: Map<string, Weights>,
  close: () => Promise<void>,
): Weights => {
  const tensors = new Map<string, TensorEntry>()
  for (const [name, file] of weightMap) {
    const entry = shards.get(file)?.tensors.get(name)
    if (!entry) {
      throw new UserError(
        `${INDEX} places ${JSON.stringify(name)} in ${file}, which does not hold it`,
      )
    }
    tensors.set(name, entry)
  }
  const shardOf = (name: string): Weights => {
    const shard = shards.get(weightMap.get(name) ?? '')
    if (!shard) throw new UserError(`${INDEX}: has no tensor ${JSON.stringify(name)}`)
    return shard
  }
  return {
    tensors,
    metadata: Object.assign({}, ...[...shards.values()].map((shard) => shard.metadata)),
    read: async (name) => shardOf(name).read(name),
    readFloat32: async (name, out, from) => shardOf(name).readFloat32(name, out, from),
    locate: (name) => shardOf(name).locate?.(name),
    close,
  }
}

/** One of the files that hold a model's weights, to be written with `encodeSafetensors`. */
export interface Shard {
  file: string
  tensors: TensorToWrite[]
}

/**
 * Spreads tensors, in their order, over files of at most `maxBytes` of data (a larger tensor has a
 * file to itself). `index` is the text of `model.safetensors.index.json`; a single file needs none.
 */
export const shardTensors = (
  tensors: readonly TensorToWrite[],
  maxBytes: number,
): { shards: Shard[]; index: string | undefined } => {
  const groups: TensorToWrite[][] = [[]]
  let total = 0
  let filled = 0
  for (const tensor of tensors) {
    const bytes = tensor.shape.reduce((a, b) => a * b, bytesPerElement(tensor.dtype))
    if (filled > 0 && filled + bytes > maxBytes) {
      groups.push([])
      filled = 0
    }
    groups.at(-1)?.push(tensor)
    filled += bytes
    total += bytes
  }
  if (groups.length === 1)
    return { shards: [{ file: SINGLE, tensors: [...tensors] }], index: undefined }
  const digits = (count: number) => String(count).padStart(5, '0')
  const shards = groups.map((group, i) => ({
    file: `model-${digits(i + 1)}-of-${digits(groups.length)}.safetensors`,
    tensors: group,
  }))
  const weightMap = shards.flatMap(({ file, tensors }) => tensors.map(({ name }) => [name, file]))
  const index = { metadata: { total_size: total }, weight_map: Object.fromEntries(weightMap) }
  return { shards, index: `${JSON.stringify(index, null, 2)}\n` }
}
