import { spaceEnd, spaceStart, splitAt } from '../cut.ts'
import { charsmapNormalizer } from './charsmap.ts'
import { readPattern } from './pattern.ts'
import { checkGrowth, type Kinds, makeStep, readSteps, replacementOf } from './steps.ts'

/** Makes spellings alike before text is cut into words. */
export type Normalizer = (text: string) => string

/**
 * The normalizer of a tokenizer.json; text replacements leave alone what `raw` matches. Throws
 * UserError for one that is not known here.
 */
export function readNormalizer(json: unknown, raw?: RegExp): Normalizer {
  const steps = readSteps(json, 'normalizer', 'normalizers').map((step) => {
    const normalize = makeStep(kinds, step)
    return step.type === 'Precompiled' ? around(raw, normalize) : normalize
  })
  return (text) =>
    steps.reduce((result, step) => {
      const next = step(result)
      checkGrowth('normalizer', text.length, next.length)
      return next
    }, text)
}

const around =
  (raw: RegExp | undefined, normalize: Normalizer): Normalizer =>
  (text) =>
    Array.from(splitAt(text, raw), (part) =>
      part.isToken ? part.text : normalize(part.text),
    ).join('')

const kinds: Kinds<Normalizer> = {
  NFC: () => (text) => text.normalize('NFC'),
  NFD: () => (text) => text.normalize('NFD'),
  NFKC: () => (text) => text.normalize('NFKC'),
  NFKD: () => (text) => text.normalize('NFKD'),
  Lowercase: () => lowercase,
  StripAccents: () => (text) => text.replace(/\p{M}/gu, ''),
  Strip: ({ strip_left, strip_right }) => {
    return (text) => {
      const start = strip_left === false ? 0 : spaceEnd(text, 0)
      const end = strip_right === false ? text.length : spaceStart(text, text.length, start)
      return text.slice(start, end)
    }
  },
  Prepend: ({ prepend }, where) => {
    const start = replacementOf(prepend, where)
    return (text) => (text === '' ? '' : start + text)
  },
  Replace: ({ pattern, content }, where) => {
    const expression = readPattern(pattern, where)
    const replacement = replacementOf(content, where)
    return (text) => text.replace(expression, () => replacement)
  },
  Nmt: () => (text) => text.replace(NMT_CONTROLS, '').replace(NMT_BLANKS, ' '),
  Precompiled: ({ precompiled_charsmap: map }) =>
    typeof map === 'string' && map !== '' ? charsmapNormalizer(map) : (text) => text,
  BertNormalizer: (fields) =>
    bertNormalizer({
      clean_text: fields.clean_text !== false,
      handle_chinese_chars: fields.handle_chinese_chars !== false,
      strip_accents: (fields.strip_accents as BertOptions['strip_accents']) ?? null,
      lowercase: fields.lowercase !== false,
    }),
}

/** The characters that SentencePiece's `nmt` rules leave out, and those that they make blanks. */
const NMT_CONTROLS = /(?![\0\t\n\f\r\u0080-\u008e\u0090-\u009e])\p{Cc}/gu
const NMT_BLANKS = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g

/** The settings of BERT's normalizer, by their names in tokenizer.json. */
export interface BertOptions {
  readonly clean_text: boolean
  readonly handle_chinese_chars: boolean
  /** null: as `lowercase` says. */
  readonly strip_accents: boolean | null
  readonly lowercase: boolean
}

/**
 * BERT's normalizer (Devlin et al. 2018, `BasicTokenizer`): control characters go and white space
 * becomes blanks, every ideograph stands by itself, accents and capitals go.
 */
const bertNormalizer =
  (options: BertOptions) =>
  (text: string): string => {
    let result = text
    if (options.clean_text) result = result.replace(CONTROLS, '').replace(/\p{White_Space}/gu, ' ')
    if (options.handle_chinese_chars) result = result.replace(IDEOGRAPHS, ' $& ')
    if (options.strip_accents ?? options.lowercase) {
      result = result.normalize('NFD').replace(/\p{Mn}/gu, '')
    }
    return options.lowercase ? lowercase(result) : result
  }

/** Character by character: unlike JavaScript's, a sigma that ends a word is like any other. */
export const lowercase = (text: string): string => text.replaceAll('Σ', 'σ').toLowerCase()

/** What is neither text nor white space; the replacement character is no text either. */
const CONTROLS = /[\0\ufffd]|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}]/gu

/** The blocks that BERT takes for Chinese: the unified ideographs and those for compatibility. */
const IDEOGRAPHS = new RegExp(
  String.raw`[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}` +
    String.raw`\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]`,
  'gu',
)
