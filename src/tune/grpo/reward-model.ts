import { withModel } from '../../checkpoint/open-model.ts'
import { UserError } from '../../errors.ts'
import { rewards } from '../../predict/rewards.ts'
import { loadTextModel, type TextModel } from '../../predict/text-model.ts'
import type { Engine } from '../../runtime/engine.ts'
import type { Judge } from './rewards.ts'

/** A reward model that judges completions, on the engine of the training. */
export class RewardModel {
  readonly #folder: string
  #model: TextModel | undefined

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Throws UserError where the folder holds no model that gives a number. */
  static open(folder: string): Promise<RewardModel> {
    return withModel(folder, async ({ config }) => {
      const task = 'head' in config ? config.head?.task : undefined
      if (task === 'regress') return new RewardModel(folder)
      throw new UserError(
        `--reward model:${folder}: this model ` +
          `${task ? `is for the task ${task}` : 'writes text'}; give a reward model, as ` +
          '`chatwright train --task reward` makes them',
      )
    })
  }

  async load(engine: Engine): Promise<void> {
    this.#model = await loadTextModel(this.#folder, { engine })
  }

  /** Judges the answer to the whole conversation. Throws UserError where it is too long. */
  readonly judge: Judge = (completions, signal) => {
    if (!this.#model) throw new Error('load(engine) comes first')
    const conversations = completions.map(({ prompt, text }) => ({
      messages: [...prompt.prompt, { role: 'assistant', content: text } as const],
    }))
    return rewards(this.#model, conversations, { signal })
  }

  dispose(): void {
    this.#model?.dispose()
  }
}
