import { bertConfig, type EncoderConfig, type EncoderSizes } from '../encoder-config.ts'

/**
 * RoBERTa (Liu et al. 2019): BERT without kinds of tokens, its positions behind that of padding.
 */
export const robertaConfig = (sizes: EncoderSizes): EncoderConfig =>
  bertConfig({ positionOffset: 2, tokenTypes: 1, normEpsilon: 1e-5, ...sizes })

/** DistilBERT (Sanh et al. 2019): BERT without kinds of tokens. */
export const distilbertConfig = (sizes: EncoderSizes): EncoderConfig =>
  bertConfig({ tokenTypes: 0, ...sizes })
