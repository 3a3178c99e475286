import type { ModelFolder } from '../../checkpoint/model-folder.ts'
import { GGUF_DTYPES, type GgufDtype } from '../../models/gguf/dtypes.ts'
import type { OpenModel } from '../open-model.ts'
import { HUGGINGFACE_DTYPES, type HuggingFaceDtype } from './huggingface-dtypes.ts'

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

/** Every format, by the name that `--format` has for it; its code is loaded when it is used. */
export const EXPORT_FORMATS = {
  huggingface: {
    name: "a folder in Hugging Face's layout",
    dtypes: Object.keys(HUGGINGFACE_DTYPES),
    write: async (folder, out, { dtype, shardBytes }) => {
      const { writeHuggingFace } = await import('./huggingface.ts')
      const options = { dtype: dtype as HuggingFaceDtype, shardBytes }
      await opened(folder, (source) => writeHuggingFace(source, out, options))
    },
  },
  gguf: {
    name: 'a GGUF file, for llama.cpp',
    dtypes: Object.keys(GGUF_DTYPES),
    write: async (folder, out, { dtype }) => {
      const { writeGguf } = await import('./gguf.ts')
      await opened(folder, (source) => writeGguf(source, out, { dtype: dtype as GgufDtype }))
    },
  },
} as const satisfies Record<string, ExportFormat>

export type ExportFormatName = keyof typeof EXPORT_FORMATS

/** The folder's weights, closed afterwards. */
async function opened(
  folder: ModelFolder,
  use: (source: OpenModel) => Promise<void>,
): Promise<void> {
  const { openModelFolder } = await import('../sources/folder.ts')
  const source = await openModelFolder(folder)
  await use(source).finally(source.close)
}
