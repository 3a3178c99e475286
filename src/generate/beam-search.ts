import { UserError } from '../errors.ts'
import type { DecodeParts } from './decode.ts'
import type { Decoding } from './decoding.ts'
import type { TokenPrompt } from './from-tokens.ts'
import { openDecoding } from './open-decoding.ts'
import { logProbabilities } from './sampling/log-probabilities.ts'

export interface BeamSearchOptions {
  /** Texts followed at a time. */
  beams: number
  /** Scores are sums of log-probabilities / length ^ lengthPenalty: above 0 favors long texts. */
  lengthPenalty: number
  /** Ends once `beams` texts have ended, although a better one might follow. */
  earlyStopping: boolean
  /** Tokens to generate, at most. */
  maxTokens: number
  stopIds: ReadonlySet<number>
  /** Of the tokenizer; a model may have more rows. */
  vocabSize: number
  signal?: AbortSignal
}

/** A complete text found by beam search. */
export interface Hypothesis {
  /** The prompt's tokens, then the generated ones; the last may be a stop token. */
  tokens: readonly number[]
  /** Sum of the log-probabilities of the generated tokens. */
  logprob: number
  /** By which texts are ranked. */
  score: number
}

interface Beam {
  /** The prompt's tokens, then the generated ones. */
  tokens: readonly number[]
  /** Sum of the log-probabilities of the generated tokens. */
  logprob: number
}

/** A beam, with the cache row that holds all but its last token. */
interface Candidate extends Beam {
  parent: number
  token: number
}

/**
 * Beam search (Graves 2012; Wu et al. 2016): follows the likeliest continuations side by side.
 * Resolves with the best texts, the best first. More than one beam needs an engine with
 * `hostMemory`.
 */
export async function beamSearch(
  parts: DecodeParts,
  { ids, sources = [] }: TokenPrompt,
  options: BeamSearchOptions,
): Promise<Hypothesis[]> {
  const { program } = parts
  const { beams: count, signal, maxTokens } = options
  if (!program.engine.hostMemory && count > 1)
    throw new UserError(
      `the engine ${program.engine.name} follows one beam only; use the engine cpu or wasm`,
    )
  const decoding = await openDecoding(parts, {
    sequences: count,
    capacity: ids.length + maxTokens - 1,
    sources: [sources],
    signal,
  })
  const done = new Hypotheses(options)
  try {
    await decoding.read(0, ids.slice(0, -1), { signal })
    for (let row = 1; row < count; row++) decoding.copyRow(0, row)
    let beams: Beam[] = [{ tokens: ids, logprob: 0 }]
    for (let step = 1; beams.length > 0; step++) {
      const last = Int32Array.from({ length: count }, (_, row) => at(beams, row).tokens.at(-1) ?? 0)
      const logits = await decoding.step(last, { signal })
      const candidates = extensions(beams, logits, options)
      const next: Candidate[] = []
      for (const [rank, candidate] of candidates.entries()) {
        if (next.length === count) break
        if (!options.stopIds.has(candidate.token)) next.push(candidate)
        // A stop token counts only if its text would have been followed.
        else if (rank < count) done.add(candidate, step)
      }
      if (done.isComplete(next[0]?.logprob ?? Number.NEGATIVE_INFINITY, step)) break
      if (step === maxTokens) {
        for (const beam of next) done.add(beam, step)
        break
      }
      beams = followed(decoding, beams, next)
    }
    return done.best()
  } finally {
    decoding.dispose()
  }
}

/** At the first step there is one beam, which all rows repeat. */
const at = (beams: readonly Beam[], row: number): Beam =>
  beams[Math.min(row, beams.length - 1)] as Beam

/** The likeliest one-token extensions, the best first: enough to follow `beams` if some end. */
function extensions(
  beams: readonly Beam[],
  logits: readonly Float32Array[],
  { beams: count, vocabSize, stopIds }: BeamSearchOptions,
): Candidate[] {
  const wanted = count * (1 + Math.max(1, stopIds.size))
  const all = beams.flatMap(({ tokens, logprob }, parent) => {
    const known = (logits[parent] as Float32Array).subarray(0, vocabSize)
    return logProbabilities(known)
      .top(wanted)
      .map((next) => {
        const { token } = next
        return { parent, token, tokens: [...tokens, token], logprob: logprob + next.logprob }
      })
  })
  return all.sort((a, b) => b.logprob - a.logprob).slice(0, wanted)
}

/**
 * Assigns each beam a row whose cache holds all but its last token. A parent's first child keeps
 * its row; other children take rows of dropped beams, and copy the part that differs.
 */
function followed(decoding: Decoding, before: readonly Beam[], next: readonly Candidate[]): Beam[] {
  const rows: (Candidate | undefined)[] = new Array(next.length).fill(undefined)
  const others: Candidate[] = []
  for (const candidate of next) {
    const { parent } = candidate
    if (parent < rows.length && !rows[parent]) rows[parent] = candidate
    else others.push(candidate)
  }
  for (const candidate of others) {
    const row = rows.indexOf(undefined)
    rows[row] = candidate
    const [from, to] = [at(before, candidate.parent).tokens, at(before, row).tokens]
    decoding.copyRow(candidate.parent, row, commonLength(from, to))
  }
  return rows as Candidate[]
}

function commonLength(a: readonly number[], b: readonly number[]): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  return length
}

/** The best complete texts. */
class Hypotheses {
  readonly #count: number
  readonly #lengthPenalty: number
  readonly #earlyStopping: boolean
  #found: Hypothesis[] = []

  constructor(options: { beams: number; lengthPenalty: number; earlyStopping: boolean }) {
    this.#count = options.beams
    this.#lengthPenalty = options.lengthPenalty
    this.#earlyStopping = options.earlyStopping
  }

  /** Keeps a text of `length` generated tokens if it is among the best. */
  add({ tokens, logprob }: { tokens: readonly number[]; logprob: number }, length: number): void {
    this.#found.push({ tokens, logprob, score: this.#score(logprob, length) })
    this.#found.sort((a, b) => b.score - a.score)
    this.#found.length = Math.min(this.#found.length, this.#count)
  }

  /** Whether the likeliest open text, of `length` tokens, could not rank if it ended here. */
  isComplete(likeliest: number, length: number): boolean {
    if (this.#found.length < this.#count) return false
    const worst = this.#found.at(-1)?.score ?? Number.NEGATIVE_INFINITY
    return this.#earlyStopping || worst >= this.#score(likeliest, length)
  }

  /** The best first. */
  best(): Hypothesis[] {
    return this.#found
  }

  #score(logprob: number, length: number): number {
    return logprob / length ** this.#lengthPenalty
  }
}
