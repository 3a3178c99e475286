import { withModel } from '../../checkpoint/open-model.ts'
import { encodeRecord } from '../../data/parse-record.ts'
import { UserError } from '../../errors.ts'
import { loadTextModel, type TextModel } from '../../predict/text-model.ts'
import type { Engine } from '../../runtime/engine.ts'
import { encodeDialogue } from '../../text/encode-dialogue.ts'
import type { EncodedInput } from '../../text/encode-input.ts'
import { tokenizerHash } from '../../text/hash.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import type { EncodedPrompt } from './encode-prompts.ts'
import type { Completion, Judge } from './rewards.ts'

/** What is known of a reward model before it is loaded. */
interface Reading {
  folder: string
  tokenizer: Tokenizer
  chatTemplate?: string | undefined
  /** Tokens of the longest conversation that it reads whole. */
  context: number
  tell(notice: string): void
}

/** A reward model that judges completions, on the engine of the training. */
export class RewardModel {
  readonly #reading: Reading
  #model: TextModel | undefined
  #hasCut = false

  private constructor(reading: Reading) {
    this.#reading = reading
  }

  /** Throws UserError where the folder holds no model that gives a number. */
  static open(folder: string, tell: (notice: string) => void): Promise<RewardModel> {
    return withModel(folder, async ({ config, tokenizer, chatTemplate }) => {
      const { head, context: most = 0 } = 'head' in config ? config : {}
      if (head?.task === 'regress') {
        const context = Math.min(most, head.maxTokens ?? Infinity)
        return new RewardModel({ folder, tokenizer, chatTemplate, context, tell })
      }
      throw new UserError(
        `--reward model:${folder}: this model ` +
          `${head ? `is for the task ${head.task}` : 'writes text'}; give a reward model, as ` +
          '`chatwright train --task reward` makes them',
      )
    })
  }

  /**
   * Throws UserError where the longest completion of a prompt would not fit, as far as the
   * `tokenizer` of the model in training, if it is the same, tells.
   */
  expectRoom(
    prompts: readonly EncodedPrompt[],
    { maxTokens, tokenizer }: { maxTokens: number; tokenizer: Tokenizer },
  ): void {
    const { folder, context } = this.#reading
    if (tokenizerHash(tokenizer) !== tokenizerHash(this.#reading.tokenizer)) return
    for (const { prompt } of prompts) {
      const { length } = this.#encode({ prompt, text: '' }).ids
      if (length + maxTokens > context)
        throw new UserError(
          `${prompt.where}: the reward model ${folder} reads ${context} tokens, and the ` +
            `prompt has ${length} in it, which leaves no room for --max-tokens ${maxTokens}; ` +
            'give a smaller --max-tokens, or a reward model with a longer context',
        )
    }
  }

  async load(engine: Engine): Promise<void> {
    this.#model = await loadTextModel(this.#reading.folder, { engine })
  }

  /** Judges the answer to the whole conversation, or to as much of its end as fits. */
  readonly judge: Judge = async (completions, signal) => {
    if (!this.#model) throw new Error('load(engine) comes first')
    const encoded = completions.map((completion) => this.#cut(this.#encode(completion)))
    const outputs = await this.#model.outputs(encoded, signal && { signal })
    return outputs.map(([reward]) => reward)
  }

  dispose(): void {
    this.#model?.dispose()
  }

  #encode({ prompt, text }: Completion): EncodedInput {
    const messages = [...prompt.prompt, { role: 'assistant', content: text } as const]
    return encodeRecord(`${prompt.where}: the reward model ${this.#reading.folder}`, () =>
      encodeDialogue(this.#reading, { messages }),
    )
  }

  /** The first token stays, which is often special, such as BERT's [CLS]. */
  #cut({ ids, typeIds }: EncodedInput): EncodedInput {
    const { folder, context, tell } = this.#reading
    if (ids.length <= context) return { ids, typeIds }
    if (!this.#hasCut)
      tell(
        `a conversation has ${ids.length} tokens, and the reward model ${folder} reads ` +
          `${context}: the beginnings of those that are too long are cut off`,
      )
    this.#hasCut = true
    const end = (values: readonly number[]) => values.slice(values.length - context + 1)
    return { ids: [...ids.slice(0, 1), ...end(ids)], typeIds: typeIds.slice(0, context) }
  }
}
