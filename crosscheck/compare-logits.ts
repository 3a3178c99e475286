import { readParameters } from '../src/checkpoint/load-parameters.ts'
import { asDecoder, withModel } from '../src/checkpoint/open-model.ts'
import { Decoder } from '../src/models/decoder.ts'
import type { Engine } from '../src/runtime/engine.ts'
import { uncachedLogits } from '../test/tiny-decoder.ts'

/** Logits after each token, by the decoder in a folder. */
export async function logitsOf(
  engine: Engine,
  folder: string,
  ids: readonly number[],
): Promise<Float32Array[]> {
  return withModel(folder, async (opened) => {
    const decoder = new Decoder(asDecoder(opened).config)
    return uncachedLogits(engine, decoder, await readParameters(opened, decoder), ids)
  })
}

export interface Comparison {
  /** Between log-probabilities, the largest. */
  difference: number
  /** Kullback-Leibler divergence of ours from theirs, the mean over places. */
  divergence: number
  /** Share of places where the same token is the likeliest. */
  agreement: number
}

/** Two predictions of the same tokens: logits, a row for each place. */
export function compare(
  ours: readonly Float32Array[],
  theirs: readonly Float32Array[],
): Comparison {
  let [difference, divergence, same] = [0, 0, 0]
  for (const [i, logits] of ours.entries()) {
    const [a, b] = [logProbabilities(logits), logProbabilities(theirs[i] as Float32Array)]
    if (a.length !== b.length) throw new Error(`${a.length} and ${b.length} logits`)
    for (const [j, x] of a.entries()) {
      const y = b[j] as number
      difference = Math.max(difference, Math.abs(x - y))
      divergence += Math.exp(y) * (y - x)
    }
    if (a.indexOf(Math.max(...a)) === b.indexOf(Math.max(...b))) same++
  }
  return {
    difference,
    divergence: divergence / ours.length,
    agreement: same / ours.length,
  }
}

function logProbabilities(logits: Float32Array): Float64Array {
  const largest = Math.max(...logits)
  const total = logits.reduce((sum, x) => sum + Math.exp(x - largest), 0)
  return Float64Array.from(logits, (x) => x - largest - Math.log(total))
}
