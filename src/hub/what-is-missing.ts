import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseJson } from '../files/parse-json.ts'
import { filesIn } from './model-cache.ts'
import { matchesAny } from './select-files.ts'

const TOKENIZERS = ['tokenizer.json', 'vocab*', '*.model']
const INDEX = 'model.safetensors.index.json'

/**
 * The first file that a folder lacks: of those matching `include`, or by default of those that a
 * model needs. Undefined if it is complete. Hugging Face's cache may hold any part of a model.
 */
export async function whatIsMissing(
  folder: string,
  include: readonly string[] = [],
): Promise<string | undefined> {
  const files = await filesIn(folder)
  const has = (pattern: string) => files.some((file) => matchesAny([pattern], file))
  if (include.length > 0) return include.find((pattern) => !has(pattern))
  if (!has('config.json')) return 'config.json'
  if (!TOKENIZERS.some(has)) return 'tokenizer.json'
  if (has('model.safetensors')) return undefined
  if (!has(INDEX)) return 'model.safetensors'
  const shards = await shardsIn(join(folder, INDEX))
  return shards.find((shard) => !files.includes(shard))
}

/** The files listed in an index of weights; none if it is unreadable, which loading reports. */
async function shardsIn(index: string): Promise<string[]> {
  try {
    const { weight_map: map } = parseJson(await readFile(index), INDEX) as { weight_map: unknown }
    return Object.values(map as Record<string, string>)
  } catch {
    return []
  }
}
