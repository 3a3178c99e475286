import { UserError } from '../errors.ts'
import type { DecodeParts } from './decode.ts'
import type { Decoding } from './decoding.ts'
import type { TokenPrompt } from './from-tokens.ts'
import { Hypotheses, type Hypothesis } from './hypotheses.ts'
import { openDecoding } from './open-decoding.ts'
import { logProbabilities } from './sampling/log-probabilities.ts'

export interface BeamSearchOptions {
  /** Texts that are followed at a time. */
  beams: number
  /**
   * The sum of log-probabilities is divided by length ^ lengthPenalty: above 0 favors long texts.
   */
  lengthPenalty: number
  /** Ends once `beams` texts have ended, though a better one might still come. */
  earlyStopping: boolean
  /** Tokens to generate at most. */
  maxTokens: number
  stopIds: ReadonlySet<number>
  /** Ids of the tokenizer; a model may have more. */
  vocabSize: number
  signal?: AbortSignal
}

interface Beam {
  /** Those of the prompt, then those generated. */
  tokens: readonly number[]
  /** Sum of the log-probabilities of what was generated. */
  logprob: number
}

/** A beam, with the row of the cache that held it before its last token. */
interface Candidate extends Beam {
  parent: number
  token: number
}

/**
 * Beam search (Graves 2012; Wu et al. 2016): the likeliest continuations are followed side by side.
 * Resolves with the best texts, the best first. Needs an engine whose memory the host addresses.
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
        // An end counts only where it would have been followed.
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

/** Rows beyond the beams, at the first step, repeat the last. */
const at = (beams: readonly Beam[], row: number): Beam =>
  beams[Math.min(row, beams.length - 1)] as Beam

/**
 * The likeliest beams that are longer by one, the best first: enough, whichever of them end, to
 * follow `beams`.
 */
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
 * Puts each beam into a row whose cache holds all but its last token. A parent's first child stays
 * where it is; others take rows whose beams were given up, and copy what differs.
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
