import { open, stat } from 'node:fs/promises'
import { UserError } from '../errors.ts'
import { fileError, ifThere } from '../files/file-error.ts'
import { openLlama2c } from '../formats/llama2c/llama2c.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { openGgufModel } from './gguf-file.ts'
import { openFolderModel } from './open-model-folder.ts'

/**
 * Opens a model of any format: a folder in Hugging Face's layout, a GGUF file, or a `.bin` of
 * llama2.c.
 * `tokenizer`: a file or folder in place of its own vocabulary. Throws UserError.
 */
export async function openSource(source: string, tokenizer?: string): Promise<OpenModel> {
  const found = await ifThere(stat(source), `cannot read ${source}`)
  if (!found)
    throw new UserError(
      `${source}: there is no such file or folder; give a model's folder, a .gguf or a llama2.c .bin`,
    )
  if (found.isDirectory()) {
    if (tokenizer !== undefined)
      throw new UserError(`${source}: a folder has its own tokenizer; leave out --tokenizer`)
    return openFolderModel(source)
  }
  const magic = await firstBytes(source)
  if (magic === 'GGUF' || source.endsWith('.gguf')) return openGgufModel(source, tokenizer)
  if (source.endsWith('.bin')) return openLlama2c(source, tokenizer)
  throw new UserError(
    `${source}: is neither a GGUF file nor a .bin of llama2.c; give a model's folder for others`,
  )
}

async function firstBytes(path: string): Promise<string> {
  try {
    const handle = await open(path)
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(4), 0, 4, 0)
      return String.fromCharCode(...buffer.subarray(0, bytesRead))
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw fileError(error, `cannot read ${path}`)
  }
}
