import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readParameters } from '../../checkpoint/load-parameters.ts'
import { openModel, withModel } from '../../checkpoint/open-model.ts'
import { saveModel } from '../../checkpoint/save.ts'
import { type EvaluateOptions, evaluate } from '../../evaluate/evaluate.ts'
import { type EvaluationRun, readRun } from '../../evaluate/run.ts'
import { ifThere } from '../../files/file-error.ts'
import { hashFile } from '../../files/hashed-files.ts'
import { makeFolder } from '../../files/make-folder.ts'
import { replaceFile } from '../../files/write-aside.ts'
import type { OpenModel } from '../../formats/open-model.ts'
import { createModel } from '../../models/model.ts'
import { initialize, parameterMemory } from '../../models/parameters.ts'
import { Random } from '../../random.ts'
import type { Engine } from '../../runtime/engine.ts'
import { taskOf } from '../../tasks/index.ts'
import { newestCheckpoint } from '../../train/checkpoint-files.ts'
import type { TrainEvents } from '../../train/session.ts'
import { train } from '../../train/train.ts'
import { type Cell, hashOf, type Source } from './plan.ts'
import type { Target } from './targets.ts'

/** What all cells are computed with. */
export interface CellContext {
  engine: Engine
  events: TrainEvents
  language: 'en' | 'zh'
}

/** Written when a cell has its model. */
const DONE = 'cell.json'

/**
 * Trains a cell's model, stage by stage, or goes on where it was stopped; false where it was there.
 * Throws UserError, and the signal's reason, after what was learned is saved.
 */
export async function learnCell(cell: Cell, { engine, events }: CellContext): Promise<boolean> {
  const { home, source, stages, seed, key } = cell
  const done = join(home, DONE)
  if ((await ifThere(readFile(done), `cannot read ${done}`)) !== undefined) return false
  await makeFolder(home)
  let model = source.folder
  for (const stage of stages) {
    const resume = (await newestCheckpoint(stage.out)) !== undefined
    const { ended } = await train({ ...stage, model, resume }, { ...events, engine })
    if (ended === 'aborted') events.signal?.throwIfAborted()
    model = stage.out
  }
  // What only a resumption reads.
  const folders = stages.slice(0, -1).map(({ out }) => out)
  for (const folder of [...folders, join(model, 'checkpoints'), join(model, 'data')])
    await rm(folder, { recursive: true, force: true })
  const { name } = cell
  const written = { source: source.name, target: name, seed, key, stages }
  await replaceFile(done, `${JSON.stringify(written, null, 2)}\n`)
  return true
}

/** Writes the base with weights drawn by a seed, unless it is there. */
export async function drawFresh(base: Source, fresh: Source, seed: number): Promise<void> {
  if (await isModel(fresh.folder)) return
  await withModel(base.folder, async (opened) => {
    const model = createModel(opened.config)
    const memory = parameterMemory(model)
    initialize(model, new Random(seed), (name) => memory[name] as Float32Array)
    await saveModel(fresh.folder, {
      ...describe(opened),
      model,
      values: { tensor: (name) => ({ read: async () => memory[name] as Float32Array }) },
    })
  })
}

/** SHA-256 of the files of a model. */
export async function hashModel(path: string): Promise<string> {
  if (path.toLowerCase().endsWith('.gguf')) return hashFile(path)
  const entries = await readdir(path, { withFileTypes: true })
  const names = entries
    .filter((entry) => !entry.isDirectory() && /\.(json|safetensors|txt|model)$/.test(entry.name))
    .map(({ name }) => name)
    .sort()
  const hashes: string[] = []
  for (const name of names) hashes.push(`${name} ${await hashFile(join(path, name))}`)
  return hashOf(hashes)
}

/**
 * Scores a model on a target's test data, and keeps the evaluation in `home`; where it is there
 * already, it is read. Gives the folder of the evaluation, and its metrics.
 */
export async function scoreModel(
  model: string,
  target: Target,
  { home, context }: { home: string; context: CellContext },
): Promise<Score> {
  const { folder, isDone } = await placeOf(home, target)
  if (!isDone) {
    const { engine, events, language } = context
    const { signal, onMessage } = events
    const { task, test } = target
    await rm(folder, { recursive: true, force: true })
    await evaluate(
      { ...evaluationOptions(target), model, task, data: test, out: folder, language },
      { engine, signal, ...(onMessage && { onMessage }) },
    )
  }
  return read(folder)
}

/**
 * Scores, on a task that was learned before, a model that has learned another since: where it got
 * another head for that, its body under the head that it had.
 */
export async function scoreForgotten(
  { folder, home }: Cell,
  before: Source,
  { target, context }: { target: Target; context: CellContext },
): Promise<Score> {
  const found = await placeOf(home, target)
  if (found.isDone) return read(found.folder)
  const composed = join(home, 'earlier-head')
  await rm(composed, { recursive: true, force: true })
  const body = await openModel(folder)
  const head = await openModel(before.folder)
  let isSame = true
  try {
    isSame = hashOf(headOf(body)) === hashOf(headOf(head))
    if (!isSame) await saveComposed(body, head, composed)
  } finally {
    await Promise.all([body.close(), head.close()])
  }
  try {
    return await scoreModel(isSame ? folder : composed, target, { home, context })
  } finally {
    await rm(composed, { recursive: true, force: true })
  }
}

/** An evaluation: where it is, and what it found. */
export interface Score extends Pick<EvaluationRun, 'metrics' | 'measures'> {
  folder: string
}

async function read(folder: string): Promise<Score> {
  const { metrics, measures } = await readRun(folder)
  return { folder, metrics, measures }
}

const headOf = ({ config }: OpenModel) => ('head' in config ? config.head : null) ?? null

/** A model with the parameters of one body, and all others of another model. */
async function saveComposed(body: OpenModel, head: OpenModel, out: string): Promise<void> {
  const model = createModel(head.config)
  const memory = await readParameters(head, model)
  const read = async (name: string) =>
    name.startsWith('model.') ? body.read(name) : (memory[name] as Float32Array)
  await saveModel(out, {
    ...describe(head),
    model,
    values: { tensor: (name) => ({ read: () => read(name) }) },
  })
}

const describe = ({ tokenizer, chatTemplate, addBos, generation }: OpenModel) => ({
  tokenizer,
  ...(chatTemplate !== undefined && { chatTemplate }),
  generation,
  addBos,
})

/** Options of a target's task that evaluation takes, too. */
function evaluationOptions({ task, options }: Target): Partial<EvaluateOptions> {
  const names = [...Object.keys(taskOf(task).options), 'encoding', 'encodingErrors']
  return Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name)))
}

/** Where an evaluation on a target is kept, and whether it is there. */
async function placeOf(home: string, target: Target) {
  const key = hashOf([target.task, target.testHash, evaluationOptions(target)])
  const folder = join(home, 'scores', `${target.name}-${key.slice(0, 8)}`)
  const results = join(folder, 'results.json')
  const isDone = (await ifThere(readFile(results), `cannot read ${results}`)) !== undefined
  return { folder, isDone }
}

const isModel = async (folder: string): Promise<boolean> => {
  const config = join(folder, 'config.json')
  return (await ifThere(readFile(config), `cannot read ${config}`)) !== undefined
}
