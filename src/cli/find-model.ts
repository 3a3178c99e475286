import { resolveModel } from '../hub/resolve-model.ts'
import { showTransfer } from './show-transfer.ts'

/**
 * The folder that `--model` stands for: a folder, or a model on the Hugging Face Hub, which is
 * downloaded with its progress on standard error when it is used first. Throws UserError.
 */
export function findModel(model: string): Promise<string> {
  const { events, end } = showTransfer()
  return resolveModel(model, {}, events).finally(end)
}

/** An adapter's files in a repository, and how it reads and writes text (.json, .jinja). */
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
