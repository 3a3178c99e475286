import { UserError } from '../../errors.ts'
import { qwen2Source } from '../bpe/split.ts'
import {
  bpeModel,
  isObject,
  type TokenizerConfig,
  type TokenizerJson,
  tokenizerJson,
} from '../tokenizer-json.ts'
import { addedTokens, nameOf } from './added-tokens.ts'

/** Architectures by `tokenizer_class`; all others are like GPT-2. */
const QWEN = /^Qwen2/
const ROBERTA = /^(Roberta|Bart|Longformer|LED|Mvp|Blenderbot)/

/** Names that are special where a vocabulary has them. RoBERTa's mask takes the blank before it. */
const USUAL = ['<|endoftext|>', '<s>', '<pad>', '</s>', '<unk>', '<mask>'].map((content) => ({
  content,
  special: true,
  lstrip: content === '<mask>',
}))

/**
 * The tokenizer.json of a byte-level BPE in two files, `vocab.json` (parsed) and `merges.txt`, as
 * GPT-2, RoBERTa and Qwen have it; `config` as in tokenizer_config.json: its `tokenizer_class` says
 * which of them it is, `added_tokens_decoder` what is not in the vocabulary. Throws UserError for a
 * file that is none.
 */
export function byteLevelTokenizer(
  vocab: unknown,
  merges: string,
  config: TokenizerConfig = {},
): TokenizerJson {
  if (!isObject(vocab)) throw new UserError('vocab.json: not a JSON object')
  if (Object.hasOwn(vocab, 'a</w>')) {
    throw new UserError(
      'vocab.json marks the ends of words, as CLIP does; it needs a tokenizer.json',
    )
  }
  const ids = new Map(Object.entries(vocab as Record<string, number>))
  const name = String(config.tokenizer_class ?? '')
  const isQwen = QWEN.test(name)
  const byteLevel = {
    type: 'ByteLevel',
    add_prefix_space: config.add_prefix_space === true,
    trim_offsets: true,
  }
  const pattern = { Regex: qwen2Source }
  const split = { type: 'Split', pattern, behavior: 'Isolated', invert: false }
  return tokenizerJson({
    added_tokens: addedTokens(
      ids,
      config,
      USUAL.filter(({ content }) => ids.has(content)),
    ),
    normalizer: isQwen ? { type: 'NFC' } : null,
    pre_tokenizer: isQwen
      ? { type: 'Sequence', pretokenizers: [split, { ...byteLevel, use_regex: false }] }
      : { ...byteLevel, use_regex: true },
    post_processor:
      ROBERTA.test(name) || (name === '' && ids.get('<s>') === 0)
        ? robertaProcessing(ids, config)
        : null,
    decoder: { ...byteLevel, use_regex: true },
    model: bpeModel({ vocab: vocab as Record<string, number>, merges: readMerges(merges) }),
  })
}

/** A pair of tokens on each line, after a first line that may tell the version. */
function readMerges(text: string): string[] {
  const lines = text.split(/\r?\n/).filter((line) => line !== '')
  return lines[0]?.startsWith('#version') ? lines.slice(1) : lines
}

function robertaProcessing(ids: ReadonlyMap<string, number>, config: TokenizerConfig): object {
  const [cls, sep] = [nameOf(config.cls_token) ?? '<s>', nameOf(config.sep_token) ?? '</s>']
  for (const content of [cls, sep]) {
    if (!ids.has(content)) throw new UserError(`vocab.json: there is no ${content}`)
  }
  return {
    type: 'RobertaProcessing',
    sep: [sep, ids.get(sep)],
    cls: [cls, ids.get(cls)],
    trim_offsets: true,
    add_prefix_space: config.add_prefix_space === true,
  }
}
