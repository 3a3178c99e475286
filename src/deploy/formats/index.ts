import type { ModelFolder } from '../../checkpoint/model-folder.ts'
import { GGUF_DTYPES, type GgufDtype } from '../../models/gguf/export.ts'
import { openModelFolder } from '../sources/folder.ts'
import { writeGguf } from './gguf.ts'
import { HUGGINGFACE_DTYPES, type HuggingFaceDtype, writeHuggingFace } from './huggingface.ts'

/** Options of an export, those of all formats together. */
export interface FormatOptions {
  dtype: string
  /** Bytes of a file of weights, at most, where a format has several. */
  shardBytes: number
}

/** A format that models can be exported to. */
export interface ExportFormat {
  /** What it is, for help and messages. */
  name: string
  /** Types of weights that it has, the default first. */
  dtypes: readonly string[]
  /** Writes a new folder, or a file, aside and renames it. Throws UserError that names what it cannot say. */
  write(folder: ModelFolder, out: string, options: FormatOptions): Promise<void>
}

/** Every format, by the name that `--format` has for it. */
export const EXPORT_FORMATS = {
  huggingface: {
    name: "a folder in Hugging Face's layout",
    dtypes: Object.keys(HUGGINGFACE_DTYPES),
    write: async (folder, out, { dtype, shardBytes }) => {
      const source = await openModelFolder(folder)
      const options = { dtype: dtype as HuggingFaceDtype, shardBytes }
      await writeHuggingFace(source, out, options).finally(source.close)
    },
  },
  gguf: {
    name: 'a GGUF file, for llama.cpp',
    dtypes: Object.keys(GGUF_DTYPES),
    write: async (folder, out, { dtype }) => {
      const source = await openModelFolder(folder)
      await writeGguf(source, out, { dtype: dtype as GgufDtype }).finally(source.close)
    },
  },
} as const satisfies Record<string, ExportFormat>

export type ExportFormatName = keyof typeof EXPORT_FORMATS
