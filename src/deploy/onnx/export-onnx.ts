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
   * Whether a decoder has a cache (default: true). Without one it reads the whole text for each
   * token, and transformers.js cannot generate with it.
   */
  cache?: boolean
  /**
   * Adds an input `num_logits_to_keep` to a decoder, so that only the last logits of a prompt are
   * computed: less memory for a large vocabulary. transformers.js sets it; other programs must
   * (default: false).
   */
  keepLogits?: boolean
  /**
   * Uses ONNX Runtime's own operators, too: scaled products and RMSNorm. The model then runs on its
   * CPU provider alone (default: false, which runs anywhere).
   */
  fused?: boolean
  /**
   * Bytes of a file, at most (default: 2e9); the weights of a larger model get files of their own.
   */
  fileLimit?: number
}

/**
 * Writes a model as ONNX, in the folder layout that transformers.js reads: the descriptions of
 * Hugging Face's layout, and `onnx/model.onnx` or, of an encoder-decoder, `onnx/encoder_model.onnx`
 * and `onnx/decoder_model_merged.onnx`. The graphs have operators of the ONNX standard alone (opset
 * 20), unless `fused`. Throws UserError if transformers.js does not know the model, or if `out` has
 * files.
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
      // Its default in a page is a quantized file.
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

/** Outputs by file. */
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

/** Tokenizer settings for transformers.js. */
const settingsOf = ({ architecture }: OpenModel): object => ({
  // This class gives the second text of a pair its own token type.
  ...(architecture === 'bert' && { tokenizer_class: 'BertTokenizer' }),
})
