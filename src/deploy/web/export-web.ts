import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { readParameters } from '../../checkpoint/load-parameters.ts'
import type { FileContent } from '../../files/folder.ts'
import { expectEmpty, writeFolderAside } from '../../files/write-aside.ts'
import { architectureOf } from '../../formats/huggingface/config.ts'
import { descriptionFiles } from '../../formats/huggingface/model-files.ts'
import { exportTensors } from '../../formats/huggingface/weights.ts'
import type { OpenModel } from '../../formats/open-model.ts'
import { encodeSafetensors } from '../../formats/safetensors/safetensors.ts'
import { createModel, type WritingModel } from '../../models/model.ts'
import { tokenizerFile } from '../tokenizer-file.ts'
import { indexHtml } from './index-html.ts'
import { siteModules } from './site-modules.ts'

export interface ExportWebOptions {
  /** Of the page (default: the model's architecture). */
  title?: string
  /** Uses WebGPU if the browser has it; the site is 27 MB larger (default: false). */
  webgpu?: boolean
}

/**
 * Writes a static site that runs a writing model on the visitor's machine: `index.html`, the model
 * in `model/`, and the modules and WebAssembly that run it. Any static server will do; nothing is
 * fetched from elsewhere. Threads need a server that isolates the page (COOP and COEP). Throws
 * UserError if `out` has files.
 */
export async function exportWeb(
  opened: OpenModel<WritingModel['config']>,
  out: string,
  { title = opened.architecture, webgpu = false }: ExportWebOptions = {},
): Promise<void> {
  await expectEmpty(out)
  const model = await modelFilesOf(opened)
  const [entry, root] = ['./page.js', '../../'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  ) as [string, string]
  const leaveOut = webgpu ? [] : ['onnxruntime-web/webgpu']
  const { files, made, ...links } = await siteModules(entry, { root, leaveOut })
  const copies = [...files].map(([address, path]) => [address, contentOf(path)] as const)
  await writeFolderAside(out, {
    'index.html': indexHtml({ title, webgpu, ...links }),
    ...model,
    ...Object.fromEntries(made),
    ...Object.fromEntries(copies),
  })
}

async function modelFilesOf(opened: OpenModel): Promise<Record<string, FileContent>> {
  const { config, tokenizer } = opened
  const model = createModel(config)
  const values = await readParameters(opened, model)
  const read = (name: string) => values[name] as Float32Array
  const files = {
    ...descriptionFiles({ ...opened, tokenizerJson: tokenizerFile(tokenizer) }),
    'model.safetensors': encodeSafetensors(exportTensors(architectureOf(config), model, read)),
  }
  return Object.fromEntries(Object.entries(files).map(([name, file]) => [`model/${name}`, file]))
}

/** Read only when it is written. */
async function* contentOf(path: string): AsyncGenerator<Uint8Array> {
  yield await readFile(path)
}
