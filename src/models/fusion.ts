import { reshape } from '../graph/index.ts'
import type { Source } from '../nn/index.ts'

/**
 * Fusion-in-Decoder (Izacard & Grave 2021): `count` sources of each example, one after the other in
 * the batch, that were encoded apart, become one that the decoder attends to as a whole. Fixed
 * sizes only.
 */
export function fuseSources(source: Source, count: number): Source {
  if (count === 1) return source
  const [batch, length] = source.shape as [number, number]
  const shape = [batch / count, count * length]
  return {
    // Rows of one example lie one after the other already.
    hidden: source.hidden,
    shape,
    bias: source.bias && reshape(source.bias, [batch / count, 1, 1, count * length]),
  }
}
