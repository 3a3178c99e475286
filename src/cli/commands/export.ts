import { EXPORT_FORMATS, type ExportFormat } from '../../deploy/export-formats.ts'
import { exportOptions } from '../../deploy/options.ts'
import { defineCommand } from '../command.ts'
import { findModel } from '../find-model.ts'

const formats = Object.entries<ExportFormat>(EXPORT_FORMATS)

export const exportCommand = defineCommand({
  name: 'export',
  summary: 'Write a model in another format, or with weights of another type.',
  options: exportOptions,
  argument: {
    name: 'model',
    help: 'folder of the model, or OWNER/NAME on the Hugging Face Hub',
    required: true,
  },
  help: {
    Files: {
      format: formats.map(([name, format]) => `${name}: ${format.name}`).join('; '),
      out: '`PATH` of the file or folder that is made',
    },
    Weights: {
      dtype: `type of the weights (${formats
        .map(([name, { dtypes }]) => `${name}: ${dtypes.join(', ')}`)
        .join('; ')}; default: the first)`,
      shardSize: 'gigabytes of a file of weights, at most (huggingface, onnx)',
    },
    ONNX: {
      fused:
        'take operators of ONNX Runtime’s own besides those of the standard; for its CPU ' +
        'provider alone',
      keepLogits: 'add an input that says how many of a prompt’s last logits are computed',
      cache: 'without keys and values of earlier tokens: the whole text is read for each token',
    },
    Page: {
      title: 'of the page (default: the name of the model’s architecture)',
      webgpu: 'take the visitor’s GPU where there is one; the site is 27 MB larger',
    },
  },
  examples: [
    'chatwright export my-model --format gguf --dtype q8_0 --out my-model.gguf',
    'chatwright export my-model --format huggingface --dtype bf16 --out my-model-bf16',
    'chatwright export my-model --format onnx --out my-model-onnx',
    "chatwright export my-model --format web --title 'Our book' --out site",
  ],
  run: async (options) => {
    const { exportModel } = await import('../../deploy/export-model.ts')
    const model = await findModel(options.model)
    const result = await exportModel({ ...options, model })
    return { result, text: `wrote ${result.out}` }
  },
})
