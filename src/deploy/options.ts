import { z } from 'zod'
import { EXPORT_FORMATS, type ExportFormatName } from './export-formats.ts'

const formats = Object.keys(EXPORT_FORMATS) as [ExportFormatName, ...ExportFormatName[]]
const dtypes = [...new Set(Object.values(EXPORT_FORMATS).flatMap(({ dtypes }) => dtypes))]

export const importOptions = z.strictObject({
  /** A folder in Hugging Face's layout, a GGUF file, or a `.bin` of llama2.c. */
  source: z.string().min(1),
  /** File or folder of the vocabulary, where the source has none or another is wanted. */
  tokenizer: z.string().min(1).optional(),
  /** Folder that is made. */
  out: z.string().min(1),
  dtype: z.enum(['f32', 'f16', 'bf16']).default('f32'),
  /** Gigabytes of a file of weights, at most. */
  shardSize: z.number().gt(0).default(5),
})

export type ImportOptions = z.input<typeof importOptions>

export const exportOptions = z.strictObject({
  /** Folder of the model. */
  model: z.string().min(1),
  format: z.enum(formats),
  /** File or folder that is made. */
  out: z.string().min(1),
  /** Type of the weights; which there are depends on the format (default: f32). */
  dtype: z.enum(dtypes as [string, ...string[]]).optional(),
  /** Gigabytes of a file of weights, at most. */
  shardSize: z.number().gt(0).default(5),
  /**
   * ONNX: keys and values of earlier tokens are inputs and outputs, so that each token is read
   * once.
   */
  cache: z.boolean().default(true),
  /** ONNX: an input says how many of a prompt's last logits are computed. */
  keepLogits: z.boolean().default(false),
  /** ONNX: operators of ONNX Runtime's own besides those of the standard. */
  fused: z.boolean().default(false),
  /** Of the page (default: the name of the model's architecture). */
  title: z.string().min(1).optional(),
  /** The page takes the visitor's GPU where there is one; the site is 27 MB larger. */
  webgpu: z.boolean().default(false),
})

export type ExportOptions = z.input<typeof exportOptions>
