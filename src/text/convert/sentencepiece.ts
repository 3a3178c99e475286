import { UserError } from '../../errors.ts'
import { templateProcessing } from '../input-template.ts'
import type { SentencePieceFields } from '../pipeline/model.ts'
import {
  bpeModel,
  type TokenizerConfig,
  type TokenizerJson,
  tokenizerJson,
} from '../tokenizer-json.ts'
import { addedTokens, nameOf } from './added-tokens.ts'
import {
  type PieceKind,
  readSentencePieceModel,
  type SentencePieceModel,
} from './sentencepiece-model.ts'

/** Tokenizers whose ids differ from their SentencePiece model's, or whose inputs end with CLS. */
const RENUMBERED = new RegExp(
  '^(XLMRoberta|Camembert|MBart|Nllb|M2M100|Barthez|XLMProphetNet|XGLM|XLNet|CPM|Cpm|Marian|' +
    'SeamlessM4T|Speech2Text|Pegasus|BigBirdPegasus|PLBart|ErnieM)',
)
/** Tokenizers that end every text, and have sentinels after all pieces (Raffel et al. 2020). */
const T5 = /^(M?T5|UMT5)/

/**
 * The tokenizer.json of a SentencePiece model (`spiece.model`, `tokenizer.model`), `config` as in
 * tokenizer_config.json: its `tokenizer_class` says what the model expects around a text. Encodings
 * are SentencePiece's. Throws UserError for a damaged model, and for one of a class that numbers
 * its tokens otherwise.
 */
export function sentencePieceTokenizer(
  bytes: Uint8Array,
  config: TokenizerConfig = {},
): TokenizerJson {
  const name = String(config.tokenizer_class ?? '')
  if (RENUMBERED.test(name)) {
    throw new UserError(
      `${name} numbers its tokens otherwise than its SentencePiece model does; it needs a ` +
        'tokenizer.json',
    )
  }
  return sentencePieceJson(readSentencePieceModel(bytes), config)
}

/** The same for a model that was read already. */
export function sentencePieceJson(
  model: SentencePieceModel,
  config: TokenizerConfig = {},
): TokenizerJson {
  const { pieces, addDummyPrefix, removeExtraWhitespaces } = model
  // The blank that encoding puts before a text, or all that are there.
  const start = removeExtraWhitespaces ? 0xffff : Number(addDummyPrefix)
  const added = addedTokens(new Map(pieces.map(({ text }, id) => [text, id])), config, [
    ...pieces
      .filter(({ kind }) => kind === 'control' || kind === 'unknown' || kind === 'user')
      .map(({ text, kind }) => ({ content: text, special: kind !== 'user' })),
    ...sentinels(config),
  ])
  return tokenizerJson({
    added_tokens: added,
    ...spacing(model),
    post_processor: postProcessor(config, new Map(added.map(({ content, id }) => [content, id]))),
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(start > 0 ? [{ type: 'Strip', content: ' ', start, stop: 0 }] : []),
      ],
    },
    model: model.type === 'unigram' ? unigram(model) : bpe(model),
  })
}

/** How text is normalized, and blanks marked. */
function spacing(model: SentencePieceModel): Pick<TokenizerJson, 'normalizer' | 'pre_tokenizer'> {
  const { charsmap, addDummyPrefix, removeExtraWhitespaces } = model
  const replace = (pattern: object, content: string) => ({ type: 'Replace', pattern, content })
  const normalizers: object[] = []
  if (charsmap !== '') normalizers.push({ type: 'Precompiled', precompiled_charsmap: charsmap })
  if (removeExtraWhitespaces) {
    normalizers.push(replace({ Regex: OUTER_BLANKS }, ''))
    normalizers.push(replace({ Regex: ' {2,}' }, ' '))
  }
  if (addDummyPrefix) normalizers.push({ type: 'Prepend', prepend: MARK })
  normalizers.push(replace({ String: ' ' }, MARK))
  return {
    normalizer: { type: 'Sequence', normalizers },
    pre_tokenizer: removeExtraWhitespaces && goesWordByWord(model) ? WORDS : null,
  }
}

const MARK = '▁'
/** Outer blanks; at the end also marks. Oniguruma's `^` and `$` match at every line. */
export const OUTER_BLANKS = String.raw`(?<![\s\S]) +|[ ▁]+(?![\s\S])`
const WORDS = {
  type: 'Split',
  pattern: { String: MARK },
  behavior: 'MergedWithNext',
  invert: false,
}

/**
 * Whether words may be looked at one by one, and kept for the next time: no piece goes beyond one,
 * and no sum of scores does, whose last bits decide between equals.
 */
const goesWordByWord = ({ type, pieces }: SentencePieceModel): boolean =>
  type !== 'unigram' &&
  pieces.some(({ text, kind }) => text === MARK && kind === 'normal') &&
  !pieces.some(({ text }) => text.indexOf(MARK, 1) > 0)

/** What other libraries do not read, and only SentencePiece's own results depend on. */
function sentencePieceFields({ type, pieces }: SentencePieceModel): SentencePieceFields {
  const textsOf = (kind: PieceKind) =>
    pieces.filter((piece) => piece.kind === kind).map(({ text }) => text)
  const scores = pieces.filter(({ kind }) => kind === 'normal').map(({ score }) => score)
  const ties = type === 'bpe' && new Set(scores).size < scores.length
  return {
    user_defined_symbols: textsOf('user'),
    unused: textsOf('unused'),
    ...(ties && { scores: pieces.map(({ score }) => score) }),
  }
}

function unigram(model: SentencePieceModel): TokenizerJson['model'] {
  const { pieces, byteFallback } = model
  return {
    type: 'Unigram',
    unk_id: pieces.findIndex(({ kind }) => kind === 'unknown'),
    vocab: pieces.map(({ text, score }) => [text, score]),
    byte_fallback: byteFallback,
    sentencepiece: sentencePieceFields(model),
  }
}

/** Characters are a BPE without merges. */
function bpe(model: SentencePieceModel): TokenizerJson['model'] {
  const { type, pieces, byteFallback } = model
  const normal = pieces.filter(({ kind }) => kind === 'normal')
  return bpeModel({
    unk_token: pieces.find(({ kind }) => kind === 'unknown')?.text,
    fuse_unk: true,
    byte_fallback: byteFallback,
    vocab: Object.fromEntries(pieces.map(({ text }, id) => [text, id])),
    merges: type === 'char' ? [] : mergesOf(normal).map((pair) => pair.join(' ')),
    sentencepiece: sentencePieceFields(model),
  })
}

/** T5's `<extra_id_0>` and so on, the last one first, unless the configuration lists its tokens. */
function sentinels(config: TokenizerConfig): { content: string; special: boolean }[] {
  if (!T5.test(String(config.tokenizer_class)) || config.added_tokens_decoder) return []
  const count = typeof config.extra_ids === 'number' ? config.extra_ids : 100
  return Array.from({ length: count }, (_, i) => ({
    content: `<extra_id_${count - 1 - i}>`,
    special: true,
  }))
}

function postProcessor(config: TokenizerConfig, ids: ReadonlyMap<string, number>): object | null {
  const name = String(config.tokenizer_class ?? '')
  const known = Object.fromEntries(ids)
  const has = (content: string | undefined): content is string => ids.has(content ?? '')
  const [bos = '<s>', eos = '</s>'] = [nameOf(config.bos_token), nameOf(config.eos_token)]
  const [cls, sep] = [nameOf(config.cls_token), nameOf(config.sep_token)]
  if (T5.test(name) && has(eos)) {
    return templateProcessing(`$A ${eos}`, `$A ${eos} $B ${eos}`, known)
  }
  if (has(cls) && has(sep)) {
    return templateProcessing(`${cls} $A ${sep}`, `${cls} $A ${sep} $B:1 ${sep}:1`, known)
  }
  const isLlama = /^(Llama|CodeLlama|Gemma)/.test(name)
  const first = has(bos) && (config.add_bos_token ?? isLlama) === true ? `${bos} ` : ''
  const last = has(eos) && config.add_eos_token === true ? ` ${eos}` : ''
  if (first === '' && last === '') return null
  const second = `${first.replace(' ', ':1 ')}$B:1${last && `${last}:1`}`
  return templateProcessing(`${first}$A${last}`, `${first}$A${last} ${second}`, known)
}

/** A token that text makes, and how early it is made: the higher its score, the earlier. */
export interface ScoredToken {
  readonly text: string
  readonly score: number
}

/**
 * The merges of a byte-pair encoding that is given by scores, as SentencePiece has it: any two
 * neighbors merge that together are a token, those of the highest score first. Here that is every
 * way to cut a token in two others, ordered by the score of what they make.
 */
export function mergesOf(tokens: readonly ScoredToken[]): [string, string][] {
  const known = new Set(tokens.map(({ text }) => text))
  return [...tokens]
    .sort((a, b) => b.score - a.score)
    .flatMap(({ text }) => {
      const cuts: [string, string][] = []
      let at = 0
      for (const character of text) {
        if (at > 0 && known.has(text.slice(0, at)) && known.has(text.slice(at))) {
          cuts.push([text.slice(0, at), text.slice(at)])
        }
        at += character.length
      }
      return cuts
    })
}
