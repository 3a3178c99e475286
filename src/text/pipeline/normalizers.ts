import { UserError } from '../../errors.ts'
import { own } from '../../own.ts'
import { splitAt } from '../token-pattern.ts'
import { spaceEnd, spaceStart } from '../white-space.ts'
import { type BertOptions, bertNormalizer, lowercase } from './bert-normalizer.ts'
import { charsmapNormalizer } from './charsmap.ts'
import { readPattern } from './pattern.ts'
import { checkGrowth, type Fields, readSteps, replacementOf } from './steps.ts'

/** Makes spellings alike before text is cut into words. */
export type Normalizer = (text: string) => string

/**
 * The normalizer of a tokenizer.json; text replacements leave alone what `raw` matches. Throws
 * UserError for one that is not known here.
 */
export function readNormalizer(json: unknown, raw?: RegExp): Normalizer {
  const steps = readSteps(json, 'normalizer', 'normalizers').map(({ type, fields, place }) => {
    const kind = own(kinds, type)
    if (!kind) throw new UserError(`${place} is ${JSON.stringify(type)}, which is not supported`)
    return type === 'Precompiled' ? around(raw, kind(fields, place)) : kind(fields, place)
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

const kinds: Readonly<Record<string, (fields: Fields, place: string) => Normalizer>> = {
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
  Prepend: ({ prepend }, place) => {
    const start = replacementOf(prepend, place)
    return (text) => (text === '' ? '' : start + text)
  },
  Replace: ({ pattern, content }, place) => {
    const expression = readPattern(pattern, place)
    const replacement = replacementOf(content, place)
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
