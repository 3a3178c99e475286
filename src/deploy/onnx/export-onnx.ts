import { readParameters } from '../../checkpoint/load-parameters.ts'
import { expectEmpty, writeFolderAside } from '../../files/write-aside.ts'
import { descriptionFiles } from '../../formats/huggingface/model-files.ts'
import type { OpenModel } from '../../formats/open-model.ts'
import type { Tensor } from '../../graph/index.ts'
import { Decoder } from '../../models/decoder.ts'
import { Encoder } from '../../models/encoder.ts'
import { createModel, type Model } from '../../models/model.ts'
import { tokenizerFile } from '../tokenizer-file.ts'
import { type DecoderGraphOptions, decoderGraph } from './decoder-graph.ts'
import { sourceGraph, writerGraph } from './encoder-decoder-graphs.ts'
import { encoderGraph } from './encoder-graph.ts'
import { expectKnown } from './known-models.ts'
import { onnxFile } from './onnx-file.ts'

export interface ExportOnnxOptions {
  /**
   * Whether a decoder takes and gives keys and values of earlier tokens (default). Without that it
   * reads the whole text at each token; transformers.js cannot generate with it.
   */
  cache?: boolean
  /**
   * A decoder has an input more, `num_logits_to_keep`, so that of a long prompt only the last
   * logits are computed, which saves memory where the vocabulary is large. transformers.js gives
   * it; other programs must (default: false).
   */
  keepLogits?: boolean
  /**
   * Takes operators of ONNX Runtime's own besides: products with their scale, and RMSNorm. For its
   * CPU provider alone (default: false: operators of the standard, which run anywhere).
   */
  fused?: boolean
  /** Bytes of the largest file (default: 2e9); a model that is larger has its weights beside it. */
  fileLimit?: number
}

/**
 * Writes a model as ONNX, in the folder layout that transformers.js reads: the descriptions of
 * Hugging Face's layout, and `onnx/model.onnx` or, of an encoder-decoder, `onnx/encoder_model.onnx`
 * and `onnx/decoder_model_merged.onnx`. The graphs have operators of the ONNX standard alone (opset
 * 20), unless `fused`. Throws UserError where the model is none that transformers.js knows, or
 * `out` has files in it.
 */
export async function exportOnnx(
  opened: OpenModel,
  out: string,
  { cache = true, keepLogits = false, fused = false, fileLimit = 2e9 }: ExportOnnxOptions = {},
): Promise<void> {
  expectKnown(opened.config, opened.path)
  await expectEmpty(out)
  const model = createModel(opened.config)
  const weights = await readWeights(opened, model)
  const made = Object.entries(graphsOf(model, { cache, keepLogits })).map(([name, outputs]) => {
    return { name, ...onnxFile({ name, outputs, weights, limit: fileLimit, fused }) }
  })
  const files = made.flatMap(({ files }) =>
    Object.entries(files).map(([name, content]) => [`onnx/${name}`, content] as const),
  )
  const split = made.filter(({ dataFiles }) => dataFiles > 0)
  const fields = {
    'transformers.js_config': {
      // In a page its default is a quantized file.
      dtype: 'fp32',
      ...(split.length > 0 && {
        use_external_data_format: Object.fromEntries(split.map((one) => [one.name, one.dataFiles])),
      }),
    },
  }
  const descriptions = descriptionFiles({
    ...opened,
    fields,
    settings: settingsOf(opened),
    tokenizerJson: tokenizerFile(opened.tokenizer),
  })
  await writeFolderAside(out, { ...descriptions, ...Object.fromEntries(files) })
}

/** Outputs of each file. */
function graphsOf(
  model: Model,
  options: DecoderGraphOptions,
): Record<string, Record<string, Tensor>> {
  const { cache } = options
  if (model instanceof Decoder) return { 'model.onnx': decoderGraph(model, options) }
  if (model instanceof Encoder) return { 'model.onnx': encoderGraph(model) }
  return {
    'encoder_model.onnx': sourceGraph(model),
    [cache ? 'decoder_model_merged.onnx' : 'decoder_model.onnx']: writerGraph(model, { cache }),
  }
}

type Weights = Parameters<typeof onnxFile>[0]['weights']

async function readWeights(opened: OpenModel, model: Model): Promise<Weights> {
  const memory = await readParameters(opened, model)
  const weights = [...model.parameters()].map(([name, { shape }]) => {
    return [name, { shape, data: memory[name] as Float32Array }] as const
  })
  return Object.fromEntries(weights)
}

/** What transformers.js must be told of the tokenizer. */
const settingsOf = ({ architecture }: OpenModel): object => ({
  // The class that tells a pair's texts apart.
  ...(architecture === 'bert' && { tokenizer_class: 'BertTokenizer' }),
})
