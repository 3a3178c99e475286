import { UserError } from '../../../errors.ts'
import { byteLevelJson } from '../../../text/bpe/byte-level-json.ts'
import { llama3Source, qwen2Source, splitSources } from '../../../text/bpe/split.ts'
import { readSteps } from '../../../text/pipeline/steps.ts'
import {
  addedToken,
  isObject,
  readBpeModel,
  readMerge,
  type TokenizerJson,
} from '../../../text/tokenizer-json.ts'
import type { GgufToken } from './tokens.ts'

// How models cut text into words that llama.cpp knows by name, as their tokenizer.json says it.
const UPPER = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
const LOWER = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
const BEFORE = String.raw`[^\r\n\p{L}\p{N}]?`
const CONTRACTION = `(?i:'s|'t|'re|'ve|'m|'ll|'d)?`
const REST = String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`

/** Words that end where small letters are followed by capitals; `end` may follow them. */
const cased = (end: string): string =>
  `${BEFORE}${UPPER}*${LOWER}+${end}|${BEFORE}${UPPER}+${LOWER}*${end}`

/** GPT-4o and Llama 4. */
export const gpt4oSource = `${cased(CONTRACTION)}|${String.raw`\p{N}{1,3}`}|${REST}`

/** Mistral NeMo and those that followed. */
export const tekkenSource = `${cased('')}|${String.raw`\p{N}`}|${REST}`

/** Qwen 3.5: marks belong to the letters that they stand on. */
export const qwen35Source =
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}` +
  String.raw`| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

/** llama.cpp's name of a way to cut text into words, which it does not read from the file. */
interface Pre {
  names: readonly string[]
  pattern: string
  /** Before that, every digit is cut off. */
  digits?: boolean
  /** A word that is a token as it stands is that token. */
  ignoreMerges?: boolean
  /** A text begins with BOS unless the file says otherwise. */
  bos?: boolean
}

/**
 * The first name is written. llama.cpp has no pattern of GPT-4's own: `dbrx`, which others use for
 * it, cuts only white space with line breaks at the end of a text otherwise.
 */
const PRES: readonly Pre[] = [
  {
    names: ['gpt-2', 'phi-2', 'roberta-bpe', 'modern-bert', 'mpt', 'olmo', 'jais', 'exaone4'],
    pattern: splitSources.gpt2,
  },
  {
    names: ['smollm', 'starcoder', 'refact', 'command-r', 'codeshell', 'exaone', 'minerva-7b'],
    pattern: splitSources.gpt2,
    digits: true,
  },
  {
    names: ['llama-bpe', 'llama3', 'llama-v3', 'falcon3', 'pixtral', 'lfm2'],
    pattern: llama3Source,
    ignoreMerges: true,
    bos: true,
  },
  { names: ['dbrx'], pattern: splitSources.cl100k },
  { names: ['smaug-bpe', 'chatglm-bpe', 'glm4'], pattern: llama3Source },
  {
    names: ['qwen2', 'stablelm2', 'deepseek-r1-qwen', 'hunyuan', 'megrez'],
    pattern: qwen2Source,
  },
  { names: ['qwen35'], pattern: qwen35Source },
  { names: ['gpt-4o', 'llama4'], pattern: gpt4oSource },
  { names: ['tekken'], pattern: tekkenSource, ignoreMerges: true, bos: true },
]

const known = () => PRES.map(({ names: [name] }) => name).join(', ')

/** How a file cuts text into words; undefined where that is no single pattern. */
function cutOf(json: TokenizerJson): Pick<Pre, 'pattern' | 'digits'> | undefined {
  const steps = readSteps(json.pre_tokenizer, 'pre_tokenizer', 'pretokenizers')
  const bytes = steps.pop()
  if (bytes?.type !== 'ByteLevel' || bytes.fields.add_prefix_space === true) return undefined
  const [first, ...more] = steps
  const digits = first?.type === 'Digits' && first.fields.individual_digits === true
  const isGpt2 = bytes.fields.use_regex !== false
  if (isGpt2)
    return steps.length === Number(digits) ? { pattern: splitSources.gpt2, digits } : undefined
  if (first?.type !== 'Split' || more.length > 0) return undefined
  const { pattern, behavior, invert } = first.fields
  const isPlain = behavior === 'Isolated' && invert !== true && isObject(pattern)
  return isPlain ? { pattern: String(pattern.Regex), digits } : undefined
}

/**
 * `tokenizer.ggml.pre` and the merges of a byte-level BPE. Throws UserError where llama.cpp does
 * not cut text into words as it does.
 */
export function writeByteLevel(json: TokenizerJson): { pre: string; merges: string[] } {
  const cut = cutOf(json)
  const isWhole = json.model.ignore_merges === true
  const alike = PRES.filter(
    ({ pattern, digits = false }) => pattern === cut?.pattern && digits === cut.digits,
  )
  // What ends a text aside, Llama 3 and GPT-4 cut alike.
  const whole = PRES.find(({ pattern }) => pattern === llama3Source)
  const pre =
    alike.find(({ ignoreMerges = false }) => ignoreMerges === isWhole) ??
    (isWhole && cut?.pattern === splitSources.cl100k ? whole : undefined)
  if (!pre) {
    const problem = alike.length > 0 ? 'takes whole words first (ignore_merges)' : 'cuts text'
    throw new UserError(
      `GGUF: the tokenizer ${problem} in a way that llama.cpp does not know; it knows ` +
        `${known()}; train the tokenizer with --split gpt2 or cl100k, or export as huggingface`,
    )
  }
  const merges = readBpeModel(json.model).merges.map((merge, i) => readMerge(merge, i).join(' '))
  return { pre: pre.names[0] as string, merges }
}

/** How llama.cpp cuts text by this name. Throws UserError for one that is not known here. */
export function preNamed(name: string): Pre {
  const pre = PRES.find(({ names }) => names.includes(name))
  if (pre) return pre
  throw new UserError(
    `metadata "tokenizer.ggml.pre" is ${JSON.stringify(name)}; supported are ${known()}; give ` +
      "the model's tokenizer.json too",
  )
}

/** The tokenizer.json of such a tokenizer. Throws UserError where a merge is none. */
export function readByteLevel(
  tokens: readonly GgufToken[],
  merges: readonly string[],
  { pattern, digits, ignoreMerges }: Pre,
): TokenizerJson {
  const ids = new Map(tokens.map(({ text }, id) => [text, id]))
  const pairs = merges.map((merge, i): [string, string] => {
    // A token may be a blank, so the first character is never where the pair is parted.
    const at = merge.indexOf(' ', 1)
    const pair: [string, string] = [merge.slice(0, at), merge.slice(at + 1)]
    if (at < 1 || ![...pair, pair.join('')].every((token) => ids.has(token)))
      throw new UserError(`metadata "tokenizer.ggml.merges": merge ${i} is no pair of tokens`)
    return pair
  })
  const isText = ({ kind }: GgufToken) => kind === 'normal' || kind === 'unused'
  const entries = [...tokens.entries()]
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true }
  const digitsFirst = [
    { type: 'Digits', individual_digits: true },
    { ...byteLevel, use_regex: true },
  ]
  return {
    ...byteLevelJson({
      split: { pattern },
      vocab: Object.fromEntries(
        entries.filter(([, { kind }]) => kind !== 'user').map(([id, { text }]) => [text, id]),
      ),
      merges: pairs,
      specials: {},
      ignoreMerges,
    }),
    ...(digits && { pre_tokenizer: { type: 'Sequence', pretokenizers: digitsFirst } }),
    added_tokens: entries
      .filter(([, token]) => !isText(token))
      .map(([id, { text, kind }]) => addedToken(id, text, { special: kind !== 'user' })),
  }
}
