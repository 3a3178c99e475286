import { encodeRecord } from '../../data/parse-record.ts'
import { type Generated, generateFromTokens } from '../../generate/from-tokens.ts'
import type { LanguageModel } from '../../generate/language-model.ts'
import { chatOptions } from '../../generate/options.ts'
import type { Item } from '../../metrics/item.ts'
import { endOfTurn } from '../../text/render-conversation.ts'
import type { WritingBenchmark, WritingQuestion } from './benchmark.ts'
import type { PromptEncoder } from './encode-prompts.ts'
import type { Asked, Prompts } from './prompts.ts'

export interface AskWriting {
  benchmark: WritingBenchmark
  prompts: Prompts
  encoder: PromptEncoder
  /** Tokens of an answer. */
  maxTokens: number
  chatTemplate?: string | undefined
  signal?: AbortSignal | undefined
}

/** Answers that are written together. */
const BATCH = 32

/**
 * Lets a model write answers, by the likeliest token each time, and compares what is extracted of
 * them. Questions that have the same prompt share an answer.
 */
export async function* askWriting(
  model: LanguageModel,
  asked: readonly Asked<WritingQuestion>[],
  { benchmark, prompts, encoder, maxTokens, chatTemplate, signal }: AskWriting,
): AsyncGenerator<Item> {
  const end = chatTemplate === undefined ? undefined : endOfTurn(model.tokenizer, chatTemplate)
  const room = Math.min(maxTokens, Math.floor(model.context / 2))
  const { stop } = benchmark
  const options = {
    ...chatOptions.parse({ temperature: 0, slide: false, maxTokens: room, stop }),
    stopIds: end === undefined ? [] : [end],
    signal,
  }
  const byPrompt = new Map<string, Asked<WritingQuestion>[]>()
  for (const one of asked) {
    const prompt = prompts.textOf(one)
    byPrompt.set(prompt, [...(byPrompt.get(prompt) ?? []), one])
  }
  const encoded = [...byPrompt].map(([prompt, questions]) => {
    const where = `question ${questions[0]?.question.id}`
    return { questions, ids: encodeRecord(where, () => encoder.prompt(prompt, room)) }
  })
  // Prompts that are alike in length are read together, the longest first.
  encoded.sort((a, b) => b.ids.length - a.ids.length)
  for (let start = 0; start < encoded.length; start += BATCH) {
    const batch = encoded.slice(start, start + BATCH)
    const written = await generateFromTokens(model, batch, options)
    signal?.throwIfAborted()
    for (const [i, { questions }] of batch.entries())
      for (const { question } of questions)
        yield writtenItem(question, (written[i] as Generated).text, benchmark)
  }
}

function writtenItem(
  { id, prompt, answer }: WritingQuestion,
  text: string,
  { extract }: WritingBenchmark,
): Item {
  const found = Object.entries(extract).map(([name, extracted]) => [name, extracted(text)] as const)
  return {
    id,
    input: prompt,
    expected: answer,
    predicted: text,
    scores: Object.fromEntries(found.map(([name, one]) => [name, Number(one === answer)])),
  }
}
