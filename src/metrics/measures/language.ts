import type { Measure } from './measure.ts'
import { quotient, summed } from './measure.ts'

/** The mean loss of a target: of items with `loss` (of all their targets) and `tokens`. */
export const loss: Measure = {
  metrics: { loss: { better: 'lower' } },
  brief: [],
  statistics: (items) => {
    const [losses, tokens] = [summed(items, 'loss'), summed(items, 'tokens')]
    return (weights) => ({ loss: quotient(losses(weights), tokens(weights)) })
  },
}

/**
 * How well text is predicted: of items with `loss` (nats), `tokens`, `words` and `bytes`. Per word
 * and byte it compares models whatever their tokenizers.
 */
export const perplexity: Measure = {
  metrics: {
    loss: { better: 'lower' },
    perplexity: { better: 'lower' },
    wordPerplexity: { better: 'lower' },
    bytePerplexity: { better: 'lower' },
    bitsPerByte: { better: 'lower' },
  },
  brief: [],
  statistics: (items) => {
    const [losses, tokens] = [summed(items, 'loss'), summed(items, 'tokens')]
    const [words, bytes] = [summed(items, 'words'), summed(items, 'bytes')]
    return (weights) => {
      const total = losses(weights)
      const [perToken, perWord, perByte] = [tokens, words, bytes].map((of) =>
        quotient(total, of(weights)),
      )
      return {
        loss: perToken,
        perplexity: exponential(perToken),
        wordPerplexity: exponential(perWord),
        bytePerplexity: exponential(perByte),
        bitsPerByte: perByte === undefined ? undefined : perByte / Math.LN2,
      }
    }
  },
}

/** Undefined also where it is beyond all numbers. */
const exponential = (x: number | undefined): number | undefined => {
  const value = x === undefined ? Number.NaN : Math.exp(x)
  return Number.isFinite(value) ? value : undefined
}

/** Minus the logarithm of the probability of a whole document, in nats: of documents' `loss`. */
export const documents: Measure = {
  metrics: { lossPerDocument: { better: 'lower', of: ({ scores }) => scores.loss } },
  brief: [],
}

/**
 * Kullback-Leibler divergence from a reference model, KL(model || reference), in nats a token: of
 * items with `divergence` (of all their tokens) and `tokens`.
 */
export const divergence: Measure = {
  metrics: { divergence: { better: 'lower' } },
  brief: [],
  statistics: (items) => {
    const [sums, tokens] = [summed(items, 'divergence'), summed(items, 'tokens')]
    return (weights) => ({ divergence: quotient(sums(weights), tokens(weights)) })
  },
}
