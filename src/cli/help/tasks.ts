import { type TaskName, takersOf } from '../../tasks/index.ts'
import { methodsWith } from '../../tune/methods.ts'
import type { Help } from '../flags.ts'
import { readingHelp } from './reading.ts'

/** Options of tasks, as training and evaluation take them. */
export const taskHelp = {
  documents:
    'packed: rows are cut from one stream of all documents; whole: one document a row, padded, ' +
    'for short ones such as names or sums',
  documentSeparator: readingHelp.documentSeparator,
  textField: '`NAME` field, or column of a table, that holds the text',
  pairField: '`NAME` field with the second text of a pair (default: pair, if there is one)',
  labelField: '`NAME` field of the label, or of the number',
  maskProbability: 'probability that a token is masked',
  temperature: 'by which similarities are divided',
  targetContext: 'longest text written, in tokens (default: as long as the text read)',
  chatTemplate:
    '`FILE` chat template (Jinja), or chatml (default: the model’s own; to tune, else chatml)',
}

/** Options of tasks that training alone takes. */
const LEARNING = {
  dataFolder:
    '`DIR` keep tokenized text here, for all runs on the same text with the same tokenizer ' +
    '(default: in --out)',
  labelSmoothing: 'share of each target that is spread over all classes',
  neftuneAlpha: 'noise on the embeddings while training (NEFTune), such as 5; 0 is none',
}

/** Options that methods of tuning take, as far as tasks do not explain them. */
const METHODS = {
  labelSmoothing:
    'share of each target that is spread over all classes; with dpo, the probability that a ' +
    'preference label is flipped',
  neftuneAlpha: LEARNING.neftuneAlpha,
  loss: 'loss on the margin between the rewards of both answers: DPO’s, IPO’s or SLiC’s',
  beta: 'reward per nat by which an answer is likelier than under the initial model',
  gamma: 'least margin that the rewards should have',
  referenceFree: 'use log-probabilities as rewards, without comparing them with the initial model',
  lengthNormalized:
    'average the log-probabilities of an answer’s tokens instead of adding them up; with ' +
    '--reference-free and --gamma, this is SimPO',
  nllWeight: 'weight of the preferred answers’ loss per token, added to the loss',
  reward:
    '`REWARD` how completions are scored: exact (equals the answer), exact:PATTERN (its group ' +
    'captures the answer), regex:PATTERN (matches), model:DIR (a reward model), FILE.mjs (its ' +
    'function); with a weight in front, as in 0.5:regex:PATTERN; several are added up',
  group: 'completions of each prompt, which are compared with each other',
  maxTokens: 'longest completion, in tokens (default: 256, or half of --context)',
  temperature: 'sampling temperature of the completions',
  updates: 'updates from the same completions',
  unbiased: 'divide advantages by neither the standard deviation nor the length (Dr. GRPO)',
  kl: 'factor of the KL divergence from the model that training starts from',
  clipLow:
    'share by which a token’s probability may fall before its gradient is clipped, from the ' +
    'second of --updates on',
  clipHigh: 'share by which it may rise',
  maxKl: 'with --kl, end the run if the KL divergence exceeds this, in nats per token',
}

const under = (
  texts: Readonly<Record<string, string>>,
  what: 'Task' | 'Method',
  takers: (option: string) => readonly string[],
): Help => {
  const help: Record<string, Record<string, string>> = {}
  for (const [option, text] of Object.entries(texts)) {
    const names = takers(option)
    if (names.length === 0) continue
    const heading = `${what} ${names.join(', ')}`
    help[heading] = { ...help[heading], [option]: text }
  }
  return help
}

/** Options of tasks, each under the tasks that take it. */
export const evaluationTaskHelp = (names: readonly TaskName[]): Help =>
  under(taskHelp, 'Task', (option) => takersOf(option, names))
export const trainingTaskHelp = (names: readonly TaskName[]): Help =>
  under({ ...taskHelp, ...LEARNING }, 'Task', (option) => takersOf(option, names))
/** Options of methods, each under the methods that take it. */
export const methodHelp = (): Help => under({ ...taskHelp, ...METHODS }, 'Method', methodsWith)
