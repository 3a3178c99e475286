const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '')

/** Punctuation becomes separate tokens, except periods and commas inside numbers. */
const separateMarks = (text: string): string =>
  text
    .replace(/([{-~[-` -&(-+:-@/])/g, ' $1 ')
    .replace(/([^0-9])([.,])/g, '$1 $2 ')
    .replace(/([.,])([^0-9])/g, ' $1 $2')
    .replace(/([0-9])(-)/g, '$1 $2 ')

/** Tokens as NIST's mteval-v13a.pl has them, which sacrebleu calls `13a`. */
export const tokenize13a = (text: string): string[] => {
  const line = text
    .trimEnd()
    .replaceAll('<skipped>', '')
    .replaceAll('-\n', '')
    .replaceAll('\n', ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
  return words(separateMarks(` ${line} `))
}

/**
 * What sacrebleu's `zh` takes for Chinese: also dashes, quotation marks and other symbols from
 * U+2001 on, since a range that was meant to begin at U+20000 begins there.
 */
const CHINESE = new RegExp(
  `[${[
    '\\u2001-\\u2a6d\\u2e80-\\u2fdf\\u2ff0-\\u303f\\u3100-\\u312f\\u31a0-\\u31bf\\u31c0-\\u31ef',
    '\\u3200-\\u4db5\\u4e00-\\u9fbb\\uf900-\\ufa2d\\ufa30-\\ufa6a\\ufa70-\\ufad9\\ufe10-\\ufe1f',
    '\\ufe30-\\ufe4f\\uff00-\\uffef',
  ].join('')}]`,
  'gu',
)

/** Tokens of Chinese text, a character each, and of other text in it as `tokenize13a` has them. */
export const tokenizeZh = (text: string): string[] =>
  words(separateMarks(text.trim().replace(CHINESE, ' $& ')))
