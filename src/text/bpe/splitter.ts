import { peerTokenizer } from '../peer.ts'
import { isObject } from '../tokenizer-json.ts'
import { scanGpt2 } from './scan.ts'
import { scannerOf } from './split.ts'
import type { WordSink } from './words.ts'
import { Words } from './words.ts'

/** Cuts text into the words within which bytes are merged. */
export interface Splitter {
  each(text: string, sink: WordSink): void
}

type Step = Record<string, unknown> & { type?: unknown }

/**
 * The splitter that a byte-level model's `pre_tokenizer` describes: one of our scanners where we
 * have one for it, else `@huggingface/tokenizers` makes the cuts. Undefined if it is not byte-level.
 */
export function splitterOf(preTokenizer: unknown): Splitter | undefined {
  const steps = stepsOf(preTokenizer)
  const bytes = steps?.pop()
  if (!steps || bytes?.type !== 'ByteLevel' || bytes.add_prefix_space === true) return undefined
  const splitsLikeGpt2 = bytes.use_regex !== false
  const scanner = steps.length === 1 && !splitsLikeGpt2 ? scannerOfStep(steps[0]!) : undefined
  if (scanner) return new Words(scanner)
  if (steps.length === 0 && splitsLikeGpt2) return new Words(scanGpt2)
  if (!steps.every((step) => stepsWeKnow.has(step.type))) return undefined
  const { pre_tokenizer: pieces } = peerTokenizer(
    {
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: { type: 'Sequence', pretokenizers: steps },
      post_processor: null,
      decoder: null,
      model: { type: 'BPE', vocab: {}, merges: [] },
    },
    {},
  )
  return new Pieces((text) => pieces!.pre_tokenize_text(text), splitsLikeGpt2 ? scanGpt2 : scanAll)
}

const stepsWeKnow: ReadonlySet<unknown> = new Set(['Split', 'Digits', 'Punctuation', 'Whitespace'])

function stepsOf(preTokenizer: unknown): Step[] | undefined {
  if (!isObject(preTokenizer)) return undefined
  if (preTokenizer.type !== 'Sequence') return [preTokenizer]
  const steps = preTokenizer.pretokenizers
  return Array.isArray(steps) && steps.every(isObject) ? [...steps] : undefined
}

function scannerOfStep(step: Step): ReturnType<typeof scannerOf.get> {
  const isPlain = step.type === 'Split' && step.behavior === 'Isolated' && step.invert !== true
  const source = isObject(step.pattern) ? step.pattern.Regex : undefined
  return isPlain && typeof source === 'string' ? scannerOf.get(source) : undefined
}

/** A piece as one word. */
const scanAll = (_bytes: Uint8Array, _start: number, end: number): number => end

/** Cuts first into pieces of text, then each piece by a scanner. */
class Pieces implements Splitter {
  private readonly cut: (text: string) => string[]
  private readonly words: Words

  constructor(cut: (text: string) => string[], scan: typeof scanAll) {
    this.cut = cut
    this.words = new Words(scan)
  }

  each(text: string, sink: WordSink): void {
    for (const piece of this.cut(text)) this.words.whole(piece, sink)
  }
}
