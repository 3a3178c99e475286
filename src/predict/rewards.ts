import { UserError } from '../errors.ts'
import { type Dialogue, encodeDialogue } from '../text/encode-dialogue.ts'
import { expectTask } from './classify.ts'
import type { TextModel } from './text-model.ts'

/**
 * The reward that a model gives to the last answer of each conversation, as it was trained: higher
 * is better, and differences alone mean something. Throws UserError if the model is for another
 * task, or a conversation is longer than its context.
 *
 * @example
 * const model = await loadTextModel('my-reward-model')
 * const question = { role: 'user', content: 'What is snow?' } as const
 * const answer = { role: 'assistant', content: 'Frozen water.' } as const
 * const [reward] = await rewards(model, [{ messages: [question, answer] }])
 */
export async function rewards(
  model: TextModel,
  conversations: readonly Dialogue[],
  options: { signal?: AbortSignal | undefined } = {},
): Promise<number[]> {
  expectTask(model, 'regress')
  const { context } = model
  const encoded = conversations.map((conversation) => {
    const one = encodeDialogue(model, conversation)
    if (one.ids.length <= context) return one
    throw new UserError(
      `a conversation has ${one.ids.length} tokens, and the reward model reads ${context}: what ` +
        'is cut off would not be judged; give shorter ones, or a model with a longer context',
    )
  })
  const outputs = await model.outputs(encoded, options)
  return outputs.map(([value]) => value as number)
}
