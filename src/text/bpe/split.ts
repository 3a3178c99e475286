import { HAN_RANGES } from './character-class.ts'
import type { Scanner } from './scan.ts'
import { scanChinese, scanCl100k, scanGpt2, scanLlama3, scanQwen2 } from './scan.ts'

/**
 * How text is cut into words before byte pairs are merged; no token crosses a cut.
 * - `gpt2`: words, numbers and punctuation with the blank before them.
 * - `cl100k` (GPT-4): any case of contraction, three numerals at most, line breaks with
 * punctuation.
 * - `chinese`: for Chinese with English in it. A Han run is a word of its own, so `用Python写` is
 * three
 *   words where cl100k makes one; neither a blank nor punctuation before it changes how it is cut
 *   (cl100k glues `，我们` together); Latin words keep GPT-2's leading blank; three numerals at most.
 */
export type SplitName = 'gpt2' | 'cl100k' | 'chinese'

/** The patterns for `tokenizer.json`, in the notation common to Rust, Oniguruma and JavaScript. */
export const splitSources: Readonly<Record<SplitName, string>> = {
  gpt2: String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  cl100k: String.raw`'(?:[sdmtSDMT]|[lL][lL]|[vV][eE]|[rR][eE])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+(?![\s\S])|\s*[\r\n]+|\s+(?!\S)|\s+`,
  chinese: String.raw`'(?:[sdmtSDMT]|[lL][lL]|[vV][eE]|[rR][eE])|[${HAN_RANGES}]+| ?(?:(?![${HAN_RANGES}])[\p{L}\p{M}])+|(?:(?![${HAN_RANGES}])\p{N}){1,3}| ?[^\s\p{L}\p{M}\p{N}${HAN_RANGES}]+|\s*[\r\n]+|\s+(?!\S)|\s+`,
}

/** Llama 3 to 3.3. */
export const llama3Source = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
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
