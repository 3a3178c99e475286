import type { DecoderConfig } from '../models/decoder-config.ts'
import { Random } from '../random.ts'
import type { ModelFolder } from './model-folder.ts'

/** Parameters with a row for each token. */
const OF_TOKENS = ['model.embed_tokens.weight', 'lm_head.weight']

/**
 * A folder's decoder with rows for the tokens from `first` on (default: those that it has no rows
 * for).
 * New rows are drawn around the mean of all others, as far apart as those are (Hewitt 2021): tokens
 * can be told apart without training the rows. They are the same each time.
 */
export function growVocabulary<F extends ModelFolder<DecoderConfig>>(
  folder: F,
  vocabSize: number,
  first = folder.config.vocabSize,
): F {
  const { config } = folder
  if (vocabSize <= first) return folder
  const before = config.vocabSize * config.dim
  return {
    ...folder,
    config: { ...config, vocabSize: Math.max(vocabSize, config.vocabSize) },
    fill: async (memory) => {
      const grown = new Map<string, Float32Array>()
      const unused = await folder.fill((name) => {
        const values = memory(name)
        if (!OF_TOKENS.includes(name)) return values
        grown.set(name, values)
        return values.subarray(0, before)
      })
      for (const values of grown.values()) drawRows(values, first * config.dim, config.dim)
      return unused
    },
  }
}

/** Fills rows of `width`, from element `start` on, alike those before. */
export function drawRows(values: Float32Array, start: number, width: number): void {
  const [sums, squares] = [new Float64Array(width), new Float64Array(width)]
  for (let i = 0; i < start; i++) {
    const x = values[i] as number
    sums[i % width] = (sums[i % width] as number) + x
    squares[i % width] = (squares[i % width] as number) + x * x
  }
  const rows = start / width
  const random = new Random(1)
  for (let i = start; i < values.length; i++) {
    const mean = (sums[i % width] as number) / rows
    const variance = Math.max(0, (squares[i % width] as number) / rows - mean * mean)
    values[i] = mean + Math.sqrt(variance) * random.normal()
  }
}
