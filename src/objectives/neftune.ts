import {
  add,
  cast,
  div,
  equal,
  MODULUS,
  mul,
  randomIntegers,
  reshape,
  sqrt,
  sub,
  sum,
  type Tensor,
} from '../graph/index.ts'
import type { RandomSource, Tap } from '../nn/index.ts'

/**
 * NEFTune (Jain et al. 2023): adds noise to the embeddings in training, so that the model does not
 * overfit a small instruction set. The noise is uniform in [-s, s], with s = alpha / sqrt(L C) for
 * a conversation of L tokens and embeddings of C. segments: (B, T), the number of each token's
 * conversation in its row.
 */
export function embeddingNoise(alpha: number, segments: Tensor, random: RandomSource): Tap {
  const [rows, length] = segments.shape as [number, number]
  const [ofQuery, ofKey] = [
    reshape(segments, [rows, length, 1]),
    reshape(segments, [rows, 1, length]),
  ]
  const lengths = reshape(sum(cast(equal(ofQuery, ofKey), 'float32'), 2), [rows * length, 1])
  return (path, embedding) => {
    if (path !== 'model.embedding') return embedding
    const dim = embedding.shape[1] as number
    const whole = randomIntegers(embedding.shape, random.next())
    const noise = sub(mul(whole, 2 / (MODULUS - 1)), 1)
    return add(embedding, mul(noise, div(alpha, sqrt(mul(lengths, dim)))))
  }
}
