import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import pc from 'picocolors'
import { z } from 'zod'
import { readingOptions } from '../../data/sources/reading-options.ts'
import { formatLoss } from '../../train/report/format.ts'
import { defineCommand } from '../command.ts'
import { encodingHelp } from '../help/reading.ts'
import { languageHelp, languageOption, userLanguage } from '../language.ts'
import { startMessages } from '../start/messages.ts'

const FOLDER = 'chatwright-model'

export const start = defineCommand({
  name: 'start',
  summary: 'Train a first small model, about two minutes, and talk to it.',
  options: z.strictObject({
    data: z.array(z.string().min(1)).min(1).optional(),
    encoding: readingOptions.encoding,
    model: z.string().min(1).default(FOLDER),
    seconds: z.number().gt(0).default(120),
    threads: z.number().int().min(1).optional(),
    language: languageOption,
  }),
  help: {
    'First model': {
      data: '`SOURCE` text to train on (default: Moby Dick, from an npm package)',
      encoding: encodingHelp.encoding,
      model:
        '`DIR` folder of the model; one that stands there is used, an interrupted training resumes',
      seconds: 'time to train for, about',
      threads: 'threads to compute with (default: as many as the machine runs at once)',
      language: languageHelp,
    },
  },
  examples: ['chatwright start', 'chatwright start --data my-book.txt --model my-first-model'],
  run: async ({ data, encoding, model: folder = FOLDER, seconds = 120, threads, language }) => {
    const spoken = language ?? userLanguage()
    const words = startMessages[spoken]
    const { isUnfinished } = await import('../../train/checkpoints.ts')
    const resume = await isUnfinished(folder)
    const isTrained = !resume && (await exists(join(folder, 'config.json')))
    if (isTrained) console.error(pc.dim(words.found(folder)))
    else {
      const { trainFirstModel } = await import('../start/train-first-model.ts')
      const options = { data, encoding, folder, seconds, threads, resume, language: spoken }
      const { ended, loss, exitCode, ...trained } = await trainFirstModel(options)
      if (ended === 'aborted') {
        console.error(words.stopped)
        return { result: { ...trained, ended }, exitCode }
      }
      if (loss !== undefined) console.error(words.trained(formatLoss(loss), folder))
    }
    const { load } = await import('../../generate/load.ts')
    const model = await load(folder, { threads })
    try {
      if (process.stdin.isTTY && process.stdout.isTTY) {
        const { converse } = await import('../chat/converse.ts')
        const sampling = { temperature: 0.8, topP: 0.95 }
        return { result: { messages: await converse({ model, language: spoken, sampling }) } }
      }
      console.error(words.sampled(folder))
      const { sampleFrom } = await import('../start/sample.ts')
      const text = await sampleFrom(model)
      return { result: { model: folder, text }, text }
    } finally {
      await model.dispose()
    }
  },
})

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
