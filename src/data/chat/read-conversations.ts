import type { Corpus } from '../sources/corpus.ts'
import type { Report } from '../sources/data-event.ts'
import { parsedRecords } from '../sources/parsed-records.ts'
import { type Conversation, hasAnswer, parseConversation } from './conversation.ts'

/**
 * The conversations of JSONL and JSON files; see `parseConversation`. Those without an answer to
 * learn are left out, and reported. Throws UserError with file and line.
 */
export async function* readConversations(
  corpus: Pick<Corpus, 'records'>,
  report: Report = () => {},
): AsyncGenerator<Conversation> {
  for await (const conversation of parsedRecords(corpus, parseConversation)) {
    if (hasAnswer(conversation)) yield conversation
    else report({ kind: 'left-out', name: conversation.where, reason: reasonFor(conversation) })
  }
}

const reasonFor = ({ messages }: Conversation): string =>
  messages.some(({ role, weight }) => role === 'assistant' && weight !== 0)
    ? 'its answer is empty'
    : 'its answers all have weight 0'
