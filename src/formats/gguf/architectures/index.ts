import { UserError } from '../../../errors.ts'
import { differences } from '../../../models/differences.ts'
import { createModel, type ModelConfig } from '../../../models/model.ts'
import { TRAINING } from '../../huggingface/config.ts'
import { GgufMetadata } from '../metadata.ts'
import type { GgufValue } from '../values.ts'
import { bert } from './bert.ts'
import type { GgufFamily } from './family.ts'
import { GgufFieldReader } from './fields.ts'
import { gemma2, gemma3 } from './gemma.ts'
import { gpt2 } from './gpt2.ts'
import { llama } from './llama.ts'
import { placeTensors } from './placed-tensors.ts'
import { qwen2, qwen3, qwen3Moe } from './qwen.ts'
import { t5 } from './t5.ts'

const DECODERS = [qwen2, qwen3, qwen3Moe, gemma2, gemma3, gpt2, llama]
/** The first that says all of a configuration is taken. */
const FAMILIES: readonly GgufFamily[] = [...DECODERS, bert, t5]

/** Numbers of a file are float32. */
const TOLERANCE = 1e-6

/** What may be lost: it changes no number, but for where a text begins and a long one is cut. */
const UNSAID: ReadonlySet<string> = new Set([...TRAINING, 'maxTokens', 'prompts'])

/** `general.architecture`, which says which family a file's model is of. */
export const ARCHITECTURE = 'general.architecture'

/**
 * The family that says all of `config`. Throws UserError that names the options which none can say,
 * as the closest one has it.
 */
export function ggufFamilyOf(config: ModelConfig): GgufFamily {
  let [closest, least]: [string, string[] | undefined] = ['', undefined]
  let refusal: UserError | undefined
  for (const family of FAMILIES) {
    try {
      const unsaid = unsaidBy(family, config)
      if (!unsaid) continue
      if (unsaid.length === 0) return family
      if (!least || unsaid.length <= least.length) [closest, least] = [family.architecture, unsaid]
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      refusal ??= error
    }
  }
  if (refusal) throw new UserError(`GGUF: ${refusal.message}`)
  if (!least) throw new UserError(`GGUF: there is no architecture for an ${config.kind} here`)
  throw new UserError(
    `GGUF has no architecture with this model's ` +
      `${least.join(', ')} (the closest is ${closest}); export it as huggingface`,
  )
}

/**
 * Options that the family's own fields do not lead back to; undefined where it has none for this
 * kind.
 */
function unsaidBy(family: GgufFamily, config: ModelConfig): string[] | undefined {
  const fields = family.write(config)
  if (!fields) return undefined
  const metadata = new GgufMetadata(ggufFields(family, config))
  const { placed } = placeTensors(family, createModel(config))
  const shapes = new Map(placed.map(({ name, shape }) => [name, shape]))
  for (const { name, values } of family.constants?.(config) ?? []) shapes.set(name, [values.length])
  const reader = new GgufFieldReader(metadata, family.architecture, new Set())
  const read = family.read(reader, (name) => shapes.get(name))
  return differences(read, config, { ignore: UNSAID, tolerance: TOLERANCE })
}

/** The metadata of an architecture, its keys with its name before them. */
export function ggufFields(family: GgufFamily, config: ModelConfig): Map<string, GgufValue> {
  const { architecture } = family
  const fields = Object.entries(family.write(config) ?? {})
  return new Map([
    [ARCHITECTURE, { type: 'string', value: architecture }],
    ...fields.map(([name, value]) => [`${architecture}.${name}`, value] as const),
    ...Object.entries(family.metadata?.(config) ?? {}),
  ])
}

/** The family of a file. Throws UserError where it is not known here. */
export function ggufFamilyIn(metadata: GgufMetadata): GgufFamily {
  const name = metadata.string(ARCHITECTURE)
  const family = FAMILIES.find(({ architecture }) => architecture === name)
  if (family) return family
  const known = FAMILIES.map(({ architecture }) => architecture).join(', ')
  throw new UserError(
    `metadata "${ARCHITECTURE}" is ${JSON.stringify(name)}; supported are ${known}`,
  )
}
