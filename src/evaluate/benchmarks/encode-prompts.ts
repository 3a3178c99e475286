import { encodePrompt } from '../../generate/prompt.ts'
import { encodeConversation } from '../../text/render-conversation.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import type { Sequence } from '../likelihood/pack-row.ts'

export interface EncodeOptions {
  tokenizer: Tokenizer
  /** Prompts begin with the tokenizer's BOS. */
  addBos: boolean
  /** Tokens that the model reads. */
  context: number
  /** The prompt is a user's message, and the choice the assistant's answer. */
  chatTemplate?: string | undefined
}

/** Prompts and choices as tokens; counts those whose beginnings did not fit. */
export class PromptEncoder {
  readonly #options: EncodeOptions
  /** Questions whose prompts lost their beginnings; those that have choices that did. */
  cut = 0
  cutChoices = 0

  constructor(options: EncodeOptions) {
    this.#options = options
  }

  /** Tokens of a prompt that is to be continued by at most `room` tokens. */
  prompt(text: string, room: number): number[] {
    const { context } = this.#options
    const ids = this.#promptIds(text)
    const most = Math.max(1, context + 1 - room)
    if (ids.length > most) this.cut++
    return ids.slice(-most)
  }

  /** A sequence for each choice, which begins with the prompt. */
  choices(prompt: string, choices: readonly string[], delimiter: string): Sequence[] {
    const { tokenizer, chatTemplate } = this.#options
    if (chatTemplate !== undefined) {
      const before = this.#promptIds(prompt)
      return this.#fitted(
        choices.map((choice) => ({
          ids: [...before, ...tokenizer.encode(choice.trimStart())],
          from: before.length,
        })),
      )
    }
    // As in lm-evaluation-harness: blanks at the end of a prompt begin the choice, since tokens
    // take the blank before a word; and what the prompt has no part in is the choice.
    const stem = prompt.trimEnd()
    const between = prompt.slice(stem.length) + delimiter
    const from = this.#promptIds(stem).length
    const whole = (choice: string) =>
      stem === ''
        ? [...this.#promptIds(''), ...tokenizer.encode(between + choice)]
        : this.#promptIds(stem + between + choice)
    return this.#fitted(choices.map((choice) => ({ ids: whole(choice), from })))
  }

  /**
   * Windows of a text in which each token is predicted once; all but the last are disjoint, and the
   * last reaches back for as much context as fits, as in lm-evaluation-harness.
   */
  windows(text: string): Sequence[] {
    const { tokenizer, context } = this.#options
    const ids = [...this.#promptIds(''), ...tokenizer.encode(text)]
    const windows: Sequence[] = []
    for (let target = 1; target < ids.length; target += context) {
      const end = Math.min(ids.length, target + context)
      const start = Math.max(0, end - context - 1)
      windows.push({ ids: ids.slice(start, end), from: target - start })
    }
    return windows
  }

  #promptIds(text: string): number[] {
    const { tokenizer, addBos, chatTemplate } = this.#options
    if (chatTemplate === undefined) return encodePrompt({ tokenizer, addBos }, text)
    const messages = [{ role: 'user' as const, content: text }]
    return encodeConversation(tokenizer, chatTemplate, messages, { addGenerationPrompt: true }).ids
  }

  /** The ends of the sequences that fit; the last token is only predicted. */
  #fitted(sequences: Sequence[]): Sequence[] {
    const most = this.#options.context + 1
    if (sequences.some(({ ids, from }) => ids.length - Math.max(1, from) >= most)) this.cutChoices++
    else if (sequences.some(({ ids }) => ids.length > most)) this.cut++
    return sequences.map(({ ids, from }) => ({
      ids: ids.slice(-most),
      from: Math.max(1, from - Math.max(0, ids.length - most)),
    }))
  }
}
