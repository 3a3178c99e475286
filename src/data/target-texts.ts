import { countWords } from '../metrics/words.ts'
import { decodeAfter, type Tokenizer } from '../text/tokenizer.ts'
import { type Examples, IGNORE } from './batch.ts'
import { measureText } from './text-pieces.ts'

/** Text that follows other text. */
interface TargetText {
  ids: readonly number[]
  text: string
  /** Tokens of a text that it continues: those before it in a row that begins with targets. */
  continues: Int32Array | Float32Array
}

/** For each row of all batches, the texts of its targets: special tokens have none. */
function* targetTexts(batches: Iterable<Examples>, tokenizer: Tokenizer): Generator<TargetText[]> {
  for (const { arrays, rows, length } of batches) {
    const { ids = new Int32Array(), targets = [] } = arrays
    for (let row = 0; row < rows; row++) {
      const [from, to] = [row * length, (row + 1) * length]
      const texts: TargetText[] = []
      for (let start = from; start < to; start++) {
        const run: number[] = []
        for (let i = start; i < to && targets[i] !== IGNORE; i++) run.push(targets[i] as number)
        if (run.length === 0) continue
        // A blank between the text before and the targets belongs to the targets.
        const before = ids.slice(from, start + 1)
        // Behind a prompt, what is written begins anew.
        const continues = start === from ? before : ids.slice(0, 0)
        texts.push({ ids: run, continues, text: decodeAfter(tokenizer, before, run) })
        start += run.length
      }
      yield texts
    }
  }
}

/**
 * Bytes in UTF-8 of the text of a batch's targets, the divisor of bits per byte. Text that was cut
 * off is no target, and special tokens have no text.
 */
export function targetBytes(batches: Iterable<Examples>, tokenizer: Tokenizer): number {
  let bytes = 0
  for (const texts of targetTexts(batches, tokenizer))
    for (const { text } of texts) bytes += measureText(text).bytes
  return bytes
}

/** What the targets of a row stand for. */
export interface RowText {
  text: string
  tokens: number
  words: number
  bytes: number
}

/** The targets of each row of all batches as text. */
export function* rowTexts(batches: Iterable<Examples>, tokenizer: Tokenizer): Generator<RowText> {
  for (const texts of targetTexts(batches, tokenizer)) {
    const row: RowText = { text: '', tokens: 0, words: 0, bytes: 0 }
    for (const { ids, continues, text } of texts) {
      row.text += text
      row.tokens += ids.length
      row.words += countWords(text, tokenizer.decode(continues))
      row.bytes += measureText(text).bytes
    }
    yield row
  }
}

/** How many targets each row of all batches has. */
export function* rowTargets(batches: Iterable<Examples>): Generator<number> {
  for (const { arrays, rows } of batches) {
    const { targets = [] } = arrays
    const length = targets.length / rows
    for (let row = 0; row < rows; row++) {
      let count = 0
      for (let i = row * length; i < (row + 1) * length; i++) count += Number(targets[i] !== IGNORE)
      yield count
    }
  }
}
