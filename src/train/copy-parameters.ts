import { growVocabulary } from '../checkpoint/grow-vocabulary.ts'
import { readParameters } from '../checkpoint/load-parameters.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { createModel } from '../models/model.ts'
import type { Tensors } from '../runtime/bound.ts'

export interface CopyOptions {
  /** Parameters of heads are left as they are. */
  body?: boolean
  /** Tokens of the model; a decoder gets rows for those that its tokenizer has not. */
  tokens?: number
}

/**
 * Fills the parameters of a model from another's files. Parameters that only one of the two has are
 * left as they are. Throws UserError where a tensor holds NaN or an infinity.
 */
export async function copyParameters(
  from: OpenModel,
  parameters: Tensors,
  { body = false, tokens = 0 }: CopyOptions = {},
): Promise<void> {
  const { config, tokenizer } = from
  const grown =
    config.kind === 'decoder'
      ? growVocabulary({ ...from, config }, tokens, tokenizer.vocabSize)
      : from
  const memory = await readParameters(grown, createModel(grown.config))
  for (const [name, values] of Object.entries(memory))
    if (!body || name.startsWith('model.')) parameters[name]?.write(values)
}
