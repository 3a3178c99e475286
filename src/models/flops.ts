import { countParameters, type DecoderConfig } from './decoder-config.ts'

/**
 * Floating-point operations to train on one token: 6 for each parameter of a matrix product, and
 * attention over `length` tokens (Chowdhery et al. 2022, appendix B). A forward pass is a third.
 */
export function trainingFlopsPerToken(config: DecoderConfig, length: number): number {
  const { layers, heads, headDim, vocabSize, dim, positions, context, tied } = config
  const lookups = (tied ? 0 : vocabSize * dim) + (positions === 'learned' ? context * dim : 0)
  return 6 * (countParameters(config) - lookups) + 12 * layers * heads * headDim * length
}
