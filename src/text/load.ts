import { ByteLevelBpe } from './bpe/byte-level-bpe.ts'
import type { Splitter } from './bpe/splitter.ts'
import { splitterOf } from './bpe/splitter.ts'
import { CharTokenizer } from './char.ts'
import { PipelineTokenizer } from './pipeline/pipeline-tokenizer.ts'
import type { Tokenizer } from './tokenizer.ts'
import type { TokenizerConfig, TokenizerJson } from './tokenizer-json.ts'
import { isObject, readTokenizerJson } from './tokenizer-json.ts'

/**
 * The tokenizer in a parsed `tokenizer.json`, with `tokenizer_config.json` where there is one (it
 * names the special tokens), together with the fields of `special_tokens_map.json` in older
 * folders.
 * Throws a UserError that names what is wrong in the file.
 */
export function loadTokenizer(json: unknown, config: TokenizerConfig = {}): Tokenizer {
  const file = readTokenizerJson(json)
  if (CharTokenizer.reads(file)) return new CharTokenizer(file, config)
  const splitter = byteLevelSplitter(file)
  return splitter ? new ByteLevelBpe(file, splitter, config) : new PipelineTokenizer(file, config)
}

/** The splitter, if everything in the file is what ByteLevelBpe does. */
function byteLevelSplitter(file: TokenizerJson): Splitter | undefined {
  const { model, normalizer, decoder } = file
  const isOurs =
    model.type === 'BPE' &&
    !model.continuing_subword_prefix &&
    !model.end_of_word_suffix &&
    !model.byte_fallback &&
    isObject(decoder) &&
    decoder.type === 'ByteLevel' &&
    (normalizer === null || (isObject(normalizer) && normalizer.type === 'NFC'))
  if (!isOurs) return undefined
  return splitterOf(file.pre_tokenizer)
}
