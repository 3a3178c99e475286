import { preTokenizerOf } from '../pipeline/pre-tokenizers.ts'
import { readSteps, type Step } from '../pipeline/steps.ts'
import { isObject } from '../tokenizer-json.ts'
import { scanGpt2 } from './scan.ts'
import { scannerOf } from './split.ts'
import type { WordSink } from './words.ts'
import { Words } from './words.ts'

/** Cuts text into the words within which bytes are merged. */
export interface Splitter {
  each(text: string, sink: WordSink): void
}

/**
 * The splitter that a byte-level model's `pre_tokenizer` describes: one of our scanners where we
 * have one for it, else its steps one after the other. Undefined if it is not byte-level.
 */
export function splitterOf(preTokenizer: unknown): Splitter | undefined {
  const steps = readSteps(preTokenizer, 'pre_tokenizer', 'pretokenizers')
  const bytes = steps.pop()
  if (bytes?.type !== 'ByteLevel' || bytes.fields.add_prefix_space === true) return undefined
  const splitsLikeGpt2 = bytes.fields.use_regex !== false
  const scanner = steps.length === 1 && !splitsLikeGpt2 ? scannerOfStep(steps[0]!) : undefined
  if (scanner) return new Words(scanner)
  if (steps.length === 0 && splitsLikeGpt2) return new Words(scanGpt2)
  const cut = preTokenizerOf(steps)
  return new Pieces((text) => cut(text, false), splitsLikeGpt2 ? scanGpt2 : scanAll)
}

function scannerOfStep({ type, fields }: Step): ReturnType<typeof scannerOf.get> {
  const isPlain = type === 'Split' && fields.behavior === 'Isolated' && fields.invert !== true
  const source = isObject(fields.pattern) ? fields.pattern.Regex : undefined
  return isPlain && typeof source === 'string' ? scannerOf.get(source) : undefined
}

/** A piece as one word. */
const scanAll = (_bytes: Uint8Array, _start: number, end: number): number => end

/** Cuts first into pieces of text, then each piece by a scanner. */
class Pieces implements Splitter {
  readonly #cut: (text: string) => string[]
  readonly #words: Words

  constructor(cut: (text: string) => string[], scan: typeof scanAll) {
    this.#cut = cut
    this.#words = new Words(scan)
  }

  each(text: string, sink: WordSink): void {
    for (const piece of this.#cut(text)) this.#words.whole(piece, sink)
  }
}
