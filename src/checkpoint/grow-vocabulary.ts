import type { OpenModel } from '../formats/open-model.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { Random } from '../random.ts'

/** Parameters with a row for each token. */
const OF_TOKENS = ['model.embed_tokens.weight', 'lm_head.weight']

/**
 * A decoder with rows for the tokens from `first` on (default: those that it has no rows for). New
 * rows are drawn around the mean of all others, as far apart as those are (Hewitt 2021): tokens can
 * be told apart without training the rows. They are the same each time. Rows that a vocabulary was
 * padded with were never trained, and may all be alike: they are drawn, too, where `first` says so.
 */
export function growVocabulary(
  model: OpenModel<DecoderConfig>,
  vocabSize: number,
  first = model.config.vocabSize,
): OpenModel<DecoderConfig> {
  const { config } = model
  if (vocabSize <= first) return model
  const rows = Math.max(vocabSize, config.vocabSize)
  return {
    ...model,
    config: { ...config, vocabSize: rows },
    read: async (name, out) => {
      if (!OF_TOKENS.includes(name)) return model.read(name, out)
      const values = out ?? new Float32Array(rows * config.dim)
      await model.read(name, values.subarray(0, config.vocabSize * config.dim))
      drawRows(values, first * config.dim, config.dim)
      return values
    },
    locate: async (name) => (OF_TOKENS.includes(name) ? undefined : model.locate(name)),
  }
}

/** Fills rows of `width`, from element `start` on, alike those before. */
function drawRows(values: Float32Array, start: number, width: number): void {
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
