import { UserError } from '../../../errors.ts'
import { differences } from '../../../models/differences.ts'
import { createModel, type Model, type ModelConfig } from '../../../models/model.ts'
import { TRAINING } from '../../huggingface/config.ts'
import { type MappedTensor, mapTensors } from '../../tensor-map.ts'
import { GgufMetadata } from '../metadata.ts'
import type { GgufValue } from '../values.ts'
import { bert } from './bert.ts'
import { type GgufArchitecture, GgufFieldReader } from './fields.ts'
import { gemma2, gemma3 } from './gemma.ts'
import { gpt2 } from './gpt2.ts'
import { llama, qwen2, qwen3, qwen3Moe } from './llama.ts'
import { t5 } from './t5.ts'

const DECODERS = [qwen2, qwen3, qwen3Moe, gemma2, gemma3, gpt2, llama]
/** The first that says all of a configuration is taken. */
const ARCHITECTURES: readonly GgufArchitecture[] = [...DECODERS, bert, t5]

/** Numbers of a file are float32. */
const TOLERANCE = 1e-6

/** What may be lost: it changes no number, but for where a text begins and a long one is cut. */
const UNSAID: ReadonlySet<string> = new Set([...TRAINING, 'maxTokens', 'prompts'])

/** `general.architecture`, which says which architecture a file's model is of. */
export const ARCHITECTURE = 'general.architecture'

/**
 * The architecture that says all of `config`. Throws UserError that names the options which none
 * can say, as the closest one has it.
 */
export function ggufArchitectureOf(config: ModelConfig): GgufArchitecture {
  let [closest, least]: [string, string[] | undefined] = ['', undefined]
  let refusal: UserError | undefined
  for (const architecture of ARCHITECTURES) {
    try {
      const unsaid = unsaidBy(architecture, config)
      if (!unsaid) continue
      if (unsaid.length === 0) return architecture
      if (!least || unsaid.length <= least.length) [closest, least] = [architecture.name, unsaid]
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      refusal ??= error
    }
  }
  if (refusal) throw new UserError(`GGUF: ${refusal.message}`)
  if (!least) throw new UserError(`GGUF: there is no architecture for an ${config.kind} here`)
  throw new UserError(
    `GGUF has no architecture with this model's ${least.join(', ')} (the closest is ${closest}); ` +
      'export it as huggingface',
  )
}

/**
 * Options that the architecture's own fields do not lead back to; undefined where it has none for
 * this kind.
 */
function unsaidBy(architecture: GgufArchitecture, config: ModelConfig): string[] | undefined {
  const fields = architecture.write(config)
  if (!fields) return undefined
  const metadata = new GgufMetadata(ggufFields(architecture, config))
  const { mapped } = mapTensors(architecture.renames(config), createModel(config))
  const shapes = new Map(mapped.map(({ name, shape }) => [name, shape]))
  for (const { name, values } of architecture.constants?.(config) ?? [])
    shapes.set(name, [values.length])
  const reader = new GgufFieldReader(metadata, architecture.name, new Set())
  const read = architecture.read(reader, (name) => shapes.get(name))
  return differences(read, config, { ignore: UNSAID, tolerance: TOLERANCE })
}

/** A file's tensors of a model. Throws UserError where a parameter has none. */
export function ggufTensors(architecture: GgufArchitecture, model: Model): MappedTensor[] {
  const { mapped, unmapped } = mapTensors(architecture.renames(model.config), model)
  if (unmapped.length === 0) return mapped
  throw new UserError(`GGUF's ${architecture.name} has no tensor for ${unmapped.join(', ')}`)
}

/** The metadata of an architecture, its keys with its name before them. */
export function ggufFields(
  architecture: GgufArchitecture,
  config: ModelConfig,
): Map<string, GgufValue> {
  const { name } = architecture
  const fields = Object.entries(architecture.write(config) ?? {})
  return new Map([
    [ARCHITECTURE, { type: 'string', value: name }],
    ...fields.map(([key, value]) => [`${name}.${key}`, value] as const),
    ...Object.entries(architecture.metadata?.(config) ?? {}),
  ])
}

/** The architecture of a file. Throws UserError where it is not known here. */
export function ggufArchitectureIn(metadata: GgufMetadata): GgufArchitecture {
  const name = metadata.string(ARCHITECTURE)
  const architecture = ARCHITECTURES.find((one) => one.name === name)
  if (architecture) return architecture
  const known = ARCHITECTURES.map(({ name }) => name).join(', ')
  throw new UserError(
    `metadata "${ARCHITECTURE}" is ${JSON.stringify(name)}; supported are ${known}`,
  )
}
