import { resolveModel } from '../hub/resolve-model.ts'
import { showTransfer } from './show-transfer.ts'

/**
 * Of a repository's first folder: the adapter, and how it reads and writes text (.json, .jinja).
 */
const FILES = { include: ['adapter_*', '*.j*'], exclude: ['*/*'] }

/**
 * The folders that `--adapter` stands for: folders, or adapters on the Hugging Face Hub, which are
 * downloaded as models are. Throws UserError.
 */
export async function findAdapters(adapters: readonly string[]): Promise<string[]> {
  const { events, end } = showTransfer()
  const folders: string[] = []
  try {
    for (const adapter of adapters) folders.push(await resolveModel(adapter, FILES, events))
  } finally {
    end()
  }
  return folders
}
