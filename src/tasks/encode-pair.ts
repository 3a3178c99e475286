import type { Conversation } from '../data/chat/conversation.ts'
import type { EncodedConversation } from '../data/chat/packing.ts'
import type { EncodedPair } from '../data/chat/preference-set.ts'
import type { Preference } from '../data/chat/preferences.ts'
import { UserError } from '../errors.ts'
import { encodeChat } from './chat.ts'
import type { Subject } from './task.ts'

/** The conversation with one of the answers; those within the prompt are read, and not compared. */
export const answered = (
  { prompt, tools, where }: Preference,
  answer: Preference['chosen'],
): Conversation => ({
  messages: [...prompt.map((message) => ({ ...message, weight: 0 as const })), ...answer],
  tools,
  where,
})

/**
 * Both conversations by the model's template. Throws UserError that begins with file and line, also
 * where the template writes the prompt differently before the two answers.
 */
export function encodePair(subject: Subject, record: Preference): EncodedPair {
  const encode = (answer: Preference['chosen']) => encodeChat(subject, answered(record, answer))
  const pair = { chosen: encode(record.chosen), rejected: encode(record.rejected) }
  // A first answer of weight 0 has no place of its own in the mask.
  const isLearned = [record.chosen, record.rejected].every(([first]) => first?.weight !== 0)
  if (isLearned && promptOf(pair.chosen) !== promptOf(pair.rejected))
    throw new UserError(
      `${record.where}: the chat template writes the prompt differently before chosen and before ` +
        'rejected, and answers to one prompt are compared; change the answers, or give another ' +
        'template',
    )
  return pair
}

/** The ids before the answer. */
const promptOf = ({ ids, mask }: EncodedConversation): string =>
  Array.from(ids).slice(0, Array.from(mask).indexOf(1)).join()
