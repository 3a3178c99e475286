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
export const bertNormalizer =
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
const IDEOGRAPHS =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu
