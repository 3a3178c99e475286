import { resolve } from 'node:path'
import type { ModelFolder } from '../checkpoint/model-folder.ts'
import type { Corpus } from '../data/sources/corpus.ts'
import type { DataEvent } from '../data/sources/data-event.ts'
import { UserError } from '../errors.ts'
import type { Engine } from '../runtime/engine.ts'
import type { ParsedTrainOptions } from './options.ts'
import type { TrainEvents } from './session.ts'

/** What every kind of training starts from. */
export interface TrainingParts {
  options: ParsedTrainOptions
  engine: Engine
  corpus: Corpus
  /** Sources of their own to validate on. */
  validation: Corpus | undefined
  /** A model whose body is trained further. */
  base: ModelFolder | undefined
  report(event: DataEvent): void
  events: TrainEvents
}

/** Options that a base decides, and that cannot be given with it. */
const OF_THE_BASE = [
  ...(['style', 'depth', 'layers', 'heads', 'kvHeads', 'dim', 'hiddenDim', 'positions'] as const),
  ...(['window', 'experts', 'expertsPerToken', 'dropout', 'vocab', 'tokenizer'] as const),
]

/** Throws UserError where a training's result would take the place of the model that it starts from. */
export function refuseOverwriting(out: string, model: string | undefined): void {
  if (model !== undefined && resolve(model) === resolve(out))
    throw new UserError(`out is ${out}, the model that is trained further; choose another folder`)
}

/** Throws UserError where an option contradicts the base that is trained further. */
export function checkBase(options: ParsedTrainOptions, base: ModelFolder): void {
  const given = OF_THE_BASE.find((name) => options[name] !== undefined)
  if (given !== undefined)
    throw new UserError(`${given} is that of the model in ${base.folder}; leave it out`)
}
