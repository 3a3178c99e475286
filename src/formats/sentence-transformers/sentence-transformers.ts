import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { HeadConfig } from '../../models/head-config.ts'
import type { ModelConfig } from '../../models/model.ts'
import { encodeInput } from '../../text/encode-input.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'

/**
 * The list of what a text passes through, and where the pooling is described
 * (sentence-transformers).
 */
export const MODULES = 'modules.json'
const POOLING = '1_Pooling'
/** How texts are read. */
const READING = 'sentence_bert_config.json'

/** What texts are preceded by. */
const SETTINGS = 'config_sentence_transformers.json'

const modulesSchema = z.array(z.object({ path: z.string(), type: z.string() }))
const poolingSchema = z.record(z.string(), z.unknown())
const readingSchema = z.object({
  max_seq_length: z.number().int().min(1).nullish(),
  do_lower_case: z.boolean().nullish(),
})

const settingsSchema = z.object({
  prompts: z.record(z.string(), z.string()).nullish(),
  default_prompt_name: z.string().nullish(),
})

type Sentence = Pick<HeadConfig, 'pooling' | 'normalized' | 'maxTokens' | 'prompts'>
/** Parsed JSON of a file; `fallback` where there is none. */
type Read = (file: string, fallback?: unknown) => Promise<unknown>

/** Fields of a pooling's config.json, by what they stand for here. */
const MODES = {
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_cls_token: 'first',
  pooling_mode_lasttoken: 'last',
} as const satisfies Record<string, HeadConfig['pooling']>

/**
 * How vectors are made of hidden states, and whether texts are made lower case before, by
 * `modules.json` and the files beside it. Throws UserError where it is done as cannot be here.
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
      `${READING}: expected max_seq_length, a whole number of tokens, and do_lower_case, true or ` +
        'false',
    )
  const { max_seq_length: maxTokens, do_lower_case: lowercase } = reading.data
  const pooled = pooling ? await readPooling(read, poolingFile(pooling.path)) : PLAIN
  const prompts = await readPrompts(read, pooled.prompt)
  const sentence = {
    pooling: pooled.pooling,
    normalized: modules.data.some(({ type }) => kindOf(type) === 'Normalize'),
    ...(maxTokens && { maxTokens }),
    ...(prompts && { prompts }),
  }
  return { sentence, lowercase: lowercase === true }
}

/**
 * How vectors are made, as `readSentence` reads it, for a model with this tokenizer. Throws
 * UserError where texts would be read otherwise.
 */
export async function readSentenceFor(tokenizer: Tokenizer, read: Read): Promise<Sentence> {
  const { sentence, lowercase } = await readSentence(read)
  if (lowercase && tellsCapitalsApart(tokenizer))
    throw new UserError(
      `${READING} asks for do_lower_case, but the tokenizer tells capitals apart, and texts are ` +
        'read as they are here; set it to false if the model does so too',
    )
  const specials = encodeInput(tokenizer, '').ids.length
  if (sentence.maxTokens !== undefined && sentence.maxTokens <= specials)
    throw new UserError(
      `${READING}: max_seq_length is ${sentence.maxTokens}, and the special tokens alone are ` +
        `${specials}; give more`,
    )
  return sentence
}

function tellsCapitalsApart(tokenizer: Tokenizer): boolean {
  try {
    return tokenizer.encode('A').join() !== tokenizer.encode('a').join()
  } catch {
    return true // a vocabulary of characters, one of the two not among them
  }
}

/** Pooling of a model whose modules have none. */
const PLAIN: Pooling = { pooling: 'mean', prompt: true }

interface Pooling {
  pooling: HeadConfig['pooling']
  /** Tokens of a prompt count too. */
  prompt: boolean
}

/** Prompts by name, where there are some, or their tokens are left out. */
async function readPrompts(read: Read, pooled: boolean): Promise<HeadConfig['prompts']> {
  const settings = settingsSchema.safeParse(await read(SETTINGS, {}))
  if (!settings.success)
    throw new UserError(
      `${SETTINGS}: expected prompts, texts by name, and default_prompt_name, one of the names`,
    )
  const { prompts, default_prompt_name: name } = settings.data
  const texts = prompts ?? {}
  if (typeof name === 'string' && !Object.hasOwn(texts, name))
    throw new UserError(
      `${SETTINGS}: default_prompt_name is ${JSON.stringify(name)}, and prompts has ` +
        `${Object.keys(texts).join(', ') || 'none'}`,
    )
  if (Object.keys(texts).length === 0 && pooled) return undefined
  return { texts, ...(typeof name === 'string' && { default: name }), pooled }
}

function poolingFile(path: string): string {
  if (/^[\w-]+$/.test(path)) return `${path}/config.json`
  throw new UserError(`${MODULES}: path is ${JSON.stringify(path)}, not the name of a folder`)
}

async function readPooling(read: Read, file: string): Promise<Pooling> {
  const fields = poolingSchema.safeParse(await read(file)).data ?? {}
  const modes = Object.keys(fields).filter((name) => /^pooling_mode_/.test(name) && fields[name])
  const [mode] = modes
  if (modes.length === 1 && mode && Object.hasOwn(MODES, mode))
    return {
      pooling: MODES[mode as keyof typeof MODES],
      prompt: fields.include_prompt !== false,
    }
  throw new UserError(
    `${file}: pools by ${modes.join(' and ') || 'nothing'}; here one of ` +
      `${Object.keys(MODES).join(', ')}`,
  )
}

/** The same model with how its vectors are made. */
export const withSentence = (config: ModelConfig, sentence: Sentence): ModelConfig =>
  config.kind !== 'encoder-decoder' && config.head?.task === 'embed'
    ? ({ ...config, head: { ...config.head, ...sentence } } as ModelConfig)
    : config

/**
 * Contents of the files that say how a model's vectors are made, by name; none for other models.
 */
export function sentenceFiles(config: ModelConfig): Record<string, unknown> {
  if (config.kind === 'encoder-decoder' || config.head?.task !== 'embed') return {}
  const { pooling, normalized, maxTokens, prompts } = config.head
  const paths = ['', POOLING, ...(normalized ? ['2_Normalize'] : [])]
  const types = ['Transformer', 'Pooling', 'Normalize']
  const modules = paths.map((path, idx) => {
    return { idx, name: `${idx}`, path, type: `sentence_transformers.models.${types[idx]}` }
  })
  const modes = Object.entries(MODES).map(([field, mode]) => [field, mode === pooling])
  return {
    [MODULES]: modules,
    ...(maxTokens && { [READING]: { max_seq_length: maxTokens, do_lower_case: false } }),
    ...(prompts && {
      [SETTINGS]: { prompts: prompts.texts, default_prompt_name: prompts.default ?? null },
    }),
    [`${POOLING}/config.json`]: {
      word_embedding_dimension: config.dim,
      ...Object.fromEntries(modes),
      include_prompt: prompts?.pooled ?? true,
    },
  }
}
