import type { BenchmarkFile, TextBenchmark, TextQuestion } from './benchmark.ts'

/** A line that begins an article: ` = Title = `, but not a heading in it, ` = = Part = = `. */
const TITLE = /^ = [^=].*[^=] = $/

/**
 * Articles of Wikipedia (Merity et al. 2017). As in lm-evaluation-harness, an article is measured
 * as it would be written, and its words and bytes are counted as they are in the file.
 */
export const wikitext: TextBenchmark = {
  kind: 'text',
  home: 'huggingface.co/datasets/Salesforce/wikitext',
  measures: ['perplexity'],
  files: ['wiki.test.tokens', 'wiki.test.raw', 'wikitext*test*.txt'],
  *read(file) {
    yield* articles(file)
  },
}

function* articles({ text }: BenchmarkFile): Generator<TextQuestion> {
  const pages: string[][] = []
  let previous = ''
  for (const line of text.split('\n')) {
    // An article begins after an empty line; a list may have lines that look like titles.
    if (pages.length === 0 || (TITLE.test(line) && previous.trim() === '')) pages.push([])
    pages.at(-1)?.push(line)
    previous = line
  }
  const texts = pages.map((lines) => lines.join('\n')).filter((page) => page.trim() !== '')
  for (const [number, page] of texts.entries())
    yield {
      id: `${number}`,
      text: detokenized(page),
      words: page.split(/\s+/).length,
      bytes: Buffer.byteLength(page),
    }
}

/** What the data put blanks around, as it is written: `wikitext_detokenizer` of the harness. */
export const detokenized = (page: string): string =>
  page
    .replaceAll("s '", "s'")
    .replaceAll(' @-@ ', '-')
    .replaceAll(' @,@ ', ',')
    .replaceAll(' @.@ ', '.')
    .replaceAll(' : ', ': ')
    .replaceAll(' ; ', '; ')
    .replaceAll(' . ', '. ')
    .replaceAll(' ! ', '! ')
    .replaceAll(' ? ', '? ')
    .replaceAll(' , ', ', ')
    .replace(/\(\s*([^)]*?)\s*\)/g, '($1)')
    .replace(/\[\s*([^\]]*?)\s*\]/g, '[$1]')
    .replace(/\{\s*([^}]*?)\s*\}/g, '{$1}')
    .replace(/"\s*([^"]*?)\s*"/g, '"$1"')
    .replace(/'\s*([^']*?)\s*'/g, "'$1'")
    .replaceAll('= = = =', '====')
    .replaceAll('= = =', '===')
    .replaceAll('= =', '==')
    .replaceAll(' ° ', '°')
    .replaceAll(' \n', '\n')
    .replaceAll('\n ', '\n')
    .replaceAll(' N ', ' 1 ')
    .replaceAll(" 's", "'s")
