import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { HeadConfig } from '../head-config.ts'
import type { ModelConfig } from '../model.ts'

/** The list of what a text passes through, and where the pooling is described (sentence-transformers). */
export const MODULES = 'modules.json'
const POOLING = '1_Pooling'
/** How texts are read. */
const READING = 'sentence_bert_config.json'

const modulesSchema = z.array(z.object({ path: z.string(), type: z.string() }))
const poolingSchema = z.record(z.string(), z.unknown())
const readingSchema = z.object({
  max_seq_length: z.number().int().min(1).nullish(),
  do_lower_case: z.boolean().nullish(),
})

type Sentence = Pick<HeadConfig, 'pooling' | 'normalized' | 'maxTokens'>
/** Parsed JSON of a file; `fallback` where there is none. */
type Read = (file: string, fallback?: unknown) => Promise<unknown>

/** Fields of a pooling's config.json, by what they stand for here. */
const MODES = {
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_cls_token: 'first',
  pooling_mode_lasttoken: 'last',
} as const satisfies Record<string, HeadConfig['pooling']>

/**
 * How vectors are made of hidden states, and whether texts are made lower case before, by `modules.json` and
 * the files beside it. Throws UserError where it is done as cannot be here.
 */
export async function readSentence(
  read: Read,
): Promise<{ sentence: Sentence; lowercase: boolean }> {
  const modules = modulesSchema.safeParse(await read(MODULES))
  if (!modules.success)
    throw new UserError(`${MODULES}: is not a list of modules, each with "path" and "type"`)
  const kindOf = (type: string) => type.split('.').at(-1) ?? type
  const unknown = modules.data.find(
    ({ type }) => !['Transformer', 'Pooling', 'Normalize'].includes(kindOf(type)),
  )
  if (unknown)
    throw new UserError(`${MODULES}: vectors pass through ${unknown.type}, which is not known here`)
  const pooling = modules.data.find(({ type }) => kindOf(type) === 'Pooling')
  const reading = readingSchema.safeParse(await read(READING, {}))
  if (!reading.success)
    throw new UserError(
      `${READING}: expected max_seq_length, a whole number of tokens, and do_lower_case, true or false`,
    )
  const { max_seq_length: maxTokens, do_lower_case: lowercase } = reading.data
  const sentence = {
    pooling: pooling ? await readPooling(read, poolingFile(pooling.path)) : 'mean',
    normalized: modules.data.some(({ type }) => kindOf(type) === 'Normalize'),
    ...(maxTokens && { maxTokens }),
  }
  return { sentence, lowercase: lowercase === true }
}

function poolingFile(path: string): string {
  if (/^[\w-]+$/.test(path)) return `${path}/config.json`
  throw new UserError(`${MODULES}: path is ${JSON.stringify(path)}, not the name of a folder`)
}

async function readPooling(read: Read, file: string): Promise<HeadConfig['pooling']> {
  const fields = poolingSchema.safeParse(await read(file)).data ?? {}
  const modes = Object.keys(fields).filter((name) => /^pooling_mode_/.test(name) && fields[name])
  const [mode] = modes
  if (modes.length === 1 && mode && mode in MODES) return MODES[mode as keyof typeof MODES]
  throw new UserError(
    `${file}: pools by ${modes.join(' and ') || 'nothing'}; here one of ${Object.keys(MODES).join(', ')}`,
  )
}

/** The same model with how its vectors are made. */
export const withSentence = (config: ModelConfig, sentence: Sentence): ModelConfig =>
  config.kind !== 'encoder-decoder' && config.head?.task === 'embed'
    ? ({ ...config, head: { ...config.head, ...sentence } } as ModelConfig)
    : config

/** Contents of the files that say how a model's vectors are made, by name; none for other models. */
export function sentenceFiles(config: ModelConfig): Record<string, unknown> {
  if (config.kind === 'encoder-decoder' || config.head?.task !== 'embed') return {}
  const { pooling, normalized, maxTokens } = config.head
  const paths = ['', POOLING, ...(normalized ? ['2_Normalize'] : [])]
  const types = ['Transformer', 'Pooling', 'Normalize']
  const modules = paths.map((path, idx) => {
    return { idx, name: `${idx}`, path, type: `sentence_transformers.models.${types[idx]}` }
  })
  const modes = Object.entries(MODES).map(([field, mode]) => [field, mode === pooling])
  return {
    [MODULES]: modules,
    ...(maxTokens && { [READING]: { max_seq_length: maxTokens, do_lower_case: false } }),
    [`${POOLING}/config.json`]: {
      word_embedding_dimension: config.dim,
      ...Object.fromEntries(modes),
    },
  }
}
