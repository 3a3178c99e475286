import { HAN_RANGES } from './character-class.ts'
import type { Scanner } from './scan.ts'
import { scanChinese, scanCl100k, scanGpt2, scanLlama3, scanQwen2 } from './scan.ts'

/**
 * How text is cut into words before byte pairs are merged; no token crosses a cut.
 * - `gpt2`: words, numbers and punctuation with the blank before them.
 * - `cl100k` (GPT-4): contractions in any case, at most three numerals, line breaks with
 *   punctuation.
 * - `chinese`: for Chinese with English in it. A Han run is a word of its own, so `用Python写` is
 *   three words where cl100k makes one; neither a blank nor punctuation before it changes how it
 *   is cut (cl100k joins `，我们`). Latin words keep GPT-2's leading blank; at most three numerals.
 */
export type SplitName = 'gpt2' | 'cl100k' | 'chinese'

const joined = (...alternatives: readonly string[]): string => alternatives.join('|')

const CONTRACTION = "'(?:[sdmtSDMT]|[lL][lL]|[vV][eE]|[rR][eE])"
const LETTERS = String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`
const PUNCTUATION = String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*`
const SPACE = String.raw`\s+(?!\S)|\s+`
const LINES = String.raw`\s*[\r\n]+|${SPACE}`
const HAN = HAN_RANGES

/** The patterns for `tokenizer.json`, in the notation common to Rust, Oniguruma and JavaScript. */
export const splitSources: Readonly<Record<SplitName, string>> = {
  gpt2: joined("'s|'t|'re|'ve|'m|'ll|'d", String.raw` ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+`, SPACE),
  cl100k: joined(
    CONTRACTION,
    LETTERS,
    String.raw`\p{N}{1,3}`,
    PUNCTUATION,
    String.raw`\s+(?![\s\S])`,
    LINES,
  ),
  chinese: joined(
    CONTRACTION,
    String.raw`[${HAN}]+| ?(?:(?![${HAN}])[\p{L}\p{M}])+`,
    String.raw`(?:(?![${HAN}])\p{N}){1,3}| ?[^\s\p{L}\p{M}\p{N}${HAN}]+`,
    LINES,
  ),
}

/** Llama 3 to 3.3. */
export const llama3Source = joined(
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)",
  LETTERS,
  String.raw`\p{N}{1,3}`,
  PUNCTUATION,
  LINES,
)
/** Qwen 2 to 3. */
export const qwen2Source = llama3Source.replace('{1,3}', '')

/** Every regular expression that has a scanner: ours, and those of well-known models. */
export const scannerOf: ReadonlyMap<string, Scanner> = new Map([
  [splitSources.gpt2, scanGpt2],
  [splitSources.cl100k, scanCl100k],
  [splitSources.chinese, scanChinese],
  [llama3Source, scanLlama3],
  [qwen2Source, scanQwen2],
])
