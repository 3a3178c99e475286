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
