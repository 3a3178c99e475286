import { asWriting } from '../checkpoint/open-model.ts'
import { GGUF_DTYPES, type GgufDtype } from '../formats/gguf/types/index.ts'
import { type OpenModel, withFiniteWeights } from '../formats/open-model.ts'
import { HUGGINGFACE_DTYPES, type HuggingFaceDtype } from '../formats/safetensors/header.ts'

/** Options of an export, those of all formats together. */
export interface FormatOptions {
  dtype: string
  /** Bytes of a file of weights, at most, where a format has several. */
  shardBytes: number
  /** ONNX: keys and values of earlier tokens are inputs and outputs. */
  cache: boolean
  /** ONNX: only the last logits of a prompt are computed where that is asked for. */
  keepLogits: boolean
  /** ONNX: operators of ONNX Runtime's own besides. */
  fused: boolean
  /** Of a page. */
  title?: string
  /** The page takes the visitor's GPU where there is one. */
  webgpu: boolean
}

/** A format that models can be exported to. */
export interface ExportFormat {
  /** What it is, for help and messages. */
  name: string
  /** Types of weights that it has, the default first. */
  dtypes: readonly string[]
  /** Options that it takes besides. */
  takes: readonly string[]
  /**
   * Writes a new folder, or a file, aside and renames it. Throws UserError that names what it
   * cannot say.
   */
  write(model: OpenModel, out: string, options: FormatOptions): Promise<void>
}

/** A protobuf ends at 2 GiB. */
const PROTOBUF_LIMIT = 2e9

/** Every format, by the name that `--format` has for it; its code is loaded when it is used. */
export const EXPORT_FORMATS = {
  huggingface: {
    name: "a folder in Hugging Face's layout",
    dtypes: Object.keys(HUGGINGFACE_DTYPES),
    takes: ['shardSize'],
    write: async (model, out, { dtype, shardBytes }) => {
      const { writeHuggingFace } = await import('../formats/huggingface/write.ts')
      const options = { dtype: dtype as HuggingFaceDtype, shardBytes }
      await writeHuggingFace(withFiniteWeights(model), out, options)
    },
  },
  gguf: {
    name: 'a GGUF file, for llama.cpp',
    dtypes: Object.keys(GGUF_DTYPES),
    takes: [],
    write: async (model, out, { dtype }) => {
      const { writeGguf } = await import('../formats/gguf/write.ts')
      await writeGguf(withFiniteWeights(model), out, { dtype: dtype as GgufDtype })
    },
  },
  onnx: {
    name: 'a folder for transformers.js and ONNX Runtime',
    dtypes: ['f32'],
    takes: ['shardSize', 'cache', 'keepLogits', 'fused'],
    write: async (model, out, { shardBytes, ...options }) => {
      const { exportOnnx } = await import('./onnx/export-onnx.ts')
      await exportOnnx(model, out, { ...options, fileLimit: Math.min(shardBytes, PROTOBUF_LIMIT) })
    },
  },
  web: {
    name: 'a static site, whose page runs the model without a network',
    dtypes: ['f32'],
    takes: ['title', 'webgpu'],
    write: async (model, out, { title, webgpu }) => {
      const { exportWeb } = await import('./web/export-web.ts')
      await exportWeb(asWriting(model), out, { title, webgpu })
    },
  },
} as const satisfies Record<string, ExportFormat>

export type ExportFormatName = keyof typeof EXPORT_FORMATS
