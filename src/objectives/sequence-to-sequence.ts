import { input, linearCrossEntropy, reshape, type Tensor } from '../graph/index.ts'
import type { EncoderDecoder } from '../models/encoder-decoder.ts'
import { fuseSources } from '../models/encoder-decoder.ts'
import { commonInputs, lossesOfRows, type Objective, type ObjectiveSizes } from './objective.ts'

export interface SequenceToSequenceOptions extends ObjectiveSizes {
  /** Tokens of a source, and of the text that is written. */
  sourceLength: number
  length: number
  /** Sources of each example, read apart and attended together (Fusion-in-Decoder). */
  sources?: number
  labelSmoothing?: number
}

/**
 * Writing one text from others, with teacher forcing (Sutskever et al. 2014). Inputs: `source` and
 * `mask` (rows sources, sourceLength); `ids` (rows, length): the text, one position later, after
 * the start token; `targets` (rows, length).
 */
export function sequenceToSequenceObjective(
  model: EncoderDecoder,
  options: SequenceToSequenceOptions,
): Objective {
  const { rows, sourceLength, length, sources = 1, labelSmoothing } = options
  const { weight, training, inputs } = commonInputs(options)
  const source = input('source', 'int32', [rows * sources, sourceLength])
  const mask = input('mask', 'float32', [rows * sources, sourceLength])
  const tokens = (name: string): Tensor => input(name, 'int32', [rows, length])
  const [ids, targets] = [tokens('ids'), tokens('targets')]
  const encoded = fuseSources(model.encode(source, { mask, ...training }), sources)
  const hidden = model.hidden(ids, { source: encoded, ...training })
  const { loss, losses } = linearCrossEntropy(
    model.outputHidden(hidden),
    model.outputWeight,
    reshape(targets, [rows * length]),
    {
      weights: weight,
      labelSmoothing,
    },
  )
  return {
    inputs: { source, mask, ids, targets, ...inputs },
    loss,
    metrics: {},
    rowLosses: lossesOfRows(losses, rows),
    outputs: () => model.logits(hidden),
  }
}
