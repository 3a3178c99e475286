import { transferOptions } from '../../tune/transfer/options.ts'
import { defineCommand } from '../command.ts'
import { describeTransfer } from '../describe-transfer.ts'
import { findModel } from '../find-model.ts'
import { trainingHelp } from '../help/training.ts'
import { interruptible } from '../interrupt.ts'
import { languageHelp, userLanguage } from '../language.ts'
import { showTraining } from '../show-training.ts'

const { Length, Optimizer, Regularization, Run } = trainingHelp
const { learn: _, freeze: _2, average: _3, ...regularization } = Regularization
const { resume: _4, keep: _5, seed: _6, ...run } = Run

export const transfer = defineCommand({
  name: 'transfer',
  summary: 'Measure what tasks gain from a base and from each other, and what the model forgets.',
  options: transferOptions,
  help: {
    Tasks: {
      model: '`DIR|OWNER/NAME` folder of the base, or its name on the Hugging Face Hub',
      tasks:
        '`FILE.json` a list of tasks and domains: {"name": "reviews", "task": "classify", ' +
        '"data": "train.jsonl", "test": "test.jsonl"}, optionally with "val", with "options" of ' +
        'train, and with "known": true for what the base has already learned',
      strategy:
        '`NAME` one or several ways to learn a task from a source: full (all weights), ' +
        'feature-extraction (the head alone), gradual-unfreezing (layer by layer from the top), ' +
        'replay (with known data mixed in)',
      replayShare: 'share of rows that replay takes from known data (default: 0.1)',
      vary:
        '`NAME` measure everything without and with augmentation, dropout or weight-decay; their ' +
        'options set the strength (default: deletion=0.1,swap=0.1; 0.1; 0.1)',
      context: 'longest sequence, in tokens (default: the base’s context)',
      seeds: 'train each model once with every seed: 1,2,3',
    },
    Length,
    Optimizer,
    Regularization: {
      dropout: 'share of activations left out at random while training (default: the base’s own)',
      ...regularization,
    },
    Run: {
      ...run,
      out:
        '`DIR` folder of the result: transfer.html, transfer.json, and each model in cells; ' +
        'models that are already there are not trained again',
      language: languageHelp,
    },
  },
  examples: [
    'chatwright transfer --model my-base --tasks tasks.json --out my-transfer',
    'chatwright transfer --model my-base --tasks tasks.json --strategy full feature-extraction ' +
      'gradual-unfreezing --seeds 1,2,3 --out my-transfer',
    'chatwright transfer --model my-base --tasks tasks.json --vary augmentation dropout ' +
      '--dropout 0.2 --out my-transfer',
    'chatwright transfer --model my-base --tasks domains.json --strategy full replay ' +
      '--replay-share 0.2 --out my-transfer',
  ],
  run: async ({ language = userLanguage(), ...options }) => {
    const { transfer } = await import('../../tune/transfer/transfer.ts')
    const model = await findModel(options.model)
    let shown = showTraining(language)
    const result = await interruptible((signal) => {
      signal.addEventListener('abort', () =>
        shown.print(
          'Stopping and saving; press Ctrl-C again to quit at once. The same command resumes.',
        ),
      )
      return transfer(
        { ...options, model, language },
        {
          signal,
          onStart: (facts) => shown.events.onStart?.(facts),
          onMetrics: (metrics) => shown.events.onMetrics?.(metrics),
          onMessage: (text) => shown.print(text),
          onCell: ({ label, index, total }) => {
            shown.end()
            shown = showTraining(language)
            shown.print(`${index}/${total}: ${label}`)
          },
        },
      )
    }).finally(() => shown.end())
    return { result, text: describeTransfer(result, language) }
  },
})
