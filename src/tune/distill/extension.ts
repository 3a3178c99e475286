import { join } from 'node:path'
import { exampleReader, examplesHash } from '../../data/example-set.ts'
import { UserError } from '../../errors.ts'
import type { OpenModel } from '../../formats/open-model.ts'
import { input, reshape, type Tensor } from '../../graph/index.ts'
import type { Model } from '../../models/model.ts'
import { distillationObjective } from '../../objectives/distillation.ts'
import type { Objective, ObjectiveBuilder } from '../../objectives/objective.ts'
import type { Engine } from '../../runtime/engine.ts'
import type { Subject, TrainingRows } from '../../tasks/task.ts'
import type { Extension } from '../../train/session.ts'
import type { Trainer } from '../../train/trainer.ts'
import { hiddenLoss, Projections, pairLayers, recording, WithProjections } from './hidden-states.ts'
import { type KeptOutputs, keepOutputs } from './kept-outputs.ts'
import type { ParsedDistillOptions } from './options.ts'
import { loadTeachers, type Teachers, teacherGraph } from './teachers.ts'

export interface DistillationParts {
  options: ParsedDistillOptions
  engine: Engine
  opened: readonly OpenModel[]
  subject: Subject
  rows: TrainingRows
  start: ((trainer: Trainer) => Promise<void>) | undefined
  signal?: AbortSignal | undefined
  tell(text: string): void
}

/** Teachers beside a student: their outputs, kept or live, and their hidden states. */
export async function distillation(parts: DistillationParts): Promise<Extension> {
  const { options, engine, opened, rows, start } = parts
  const teachers = await loadTeachers(engine, opened)
  try {
    const kept = await keptOutputs(parts, teachers)
    const { objective, learned } = kept
      ? { objective: fromKept(parts, kept.k), learned: undefined }
      : fromLive(parts, teachers)
    const { seed } = options
    const examples = kept?.examples
    const taught: TrainingRows = {
      ...rows,
      objective,
      reader: examples ? (count) => exampleReader(examples, { rows: count, seed }) : rows.reader,
    }
    // With kept outputs the teachers have said all they have to.
    if (kept) for (const tensor of Object.values(teachers.weights)) tensor.dispose()
    return {
      rows: taught,
      frozen: kept ? {} : teachers.weights,
      learned,
      start,
      identity: { teacher: teachers.hashes, outputs: kept ? 'kept' : 'live' },
      close: () => kept?.close(),
    }
  } catch (error) {
    for (const tensor of Object.values(teachers.weights)) tensor.dispose()
    throw error
  }
}

/** What the teachers say of all rows, where it is kept. */
async function keptOutputs(
  parts: DistillationParts,
  teachers: Teachers,
): Promise<KeptOutputs | undefined> {
  const { options, engine, rows, signal, tell } = parts
  const { outputs, hiddenWeight, labelWeight, temperature, topK } = options
  if (labelWeight === 1) return undefined
  const byDefault = rows.examples && hiddenWeight === 0 ? 'kept' : 'live'
  if ((outputs ?? byDefault) === 'live') return undefined
  const examples = rows.examples ?? rows.windows
  if (hiddenWeight > 0)
    throw new UserError(
      '--outputs kept keeps what a teacher says, not its hidden states; leave it out, or ' +
        '--hidden-weight',
    )
  if (!examples)
    throw new UserError(
      '--outputs kept is for rows that come back as they were, and these are new each time; ' +
        'leave it out',
    )
  return keepOutputs({
    folder: join(options.out, 'teacher'),
    engine,
    teachers,
    rows,
    examples,
    temperature,
    topK,
    identity: {
      teacher: teachers.hashes,
      temperature,
      topK,
      rows: examplesHash(examples),
    },
    signal,
    tell,
  })
}

/** Inputs `teacherValues` and `teacherIds` come with the batch. */
function fromKept({ options, rows: task }: DistillationParts, k: number): ObjectiveBuilder {
  return (sizes) => {
    const student = task.objective(sizes)
    const { shape } = (student.outputs as () => Tensor)()
    const each = [sizes.rows, ((shape[0] as number) / sizes.rows) * k]
    const flat = (tensor: Tensor) => reshape(tensor, [shape[0] as number, k])
    const values = input('teacherValues', 'float32', each)
    const ids = input('teacherIds', 'int32', each)
    const inputs = { ...student.inputs, teacherValues: values, teacherIds: ids }
    const teacher = { values: flat(values), ids: flat(ids) }
    return { ...distillationObjective(student, teacher, options), inputs }
  }
}

/** The teachers are part of the graph, and so are projections of hidden states. */
function fromLive(parts: DistillationParts, teachers: Teachers) {
  const { options, opened, subject, rows: task } = parts
  const { temperature, hiddenWeight, hiddenLoss: kind, layerMap } = options
  const model = subject.model as Model
  const [teacher] = opened as [OpenModel]
  const pairs = hiddenWeight > 0 ? pairLayers(model.config, teacher.config, layerMap) : []
  const isProjected = pairs.some(({ widths: [own, other] }) => own !== other)
  const projections = isProjected ? new Projections(pairs) : undefined
  const objective: ObjectiveBuilder = (sizes) => {
    const { rows } = sizes
    const paths = (of: 'student' | 'teacher') => pairs.map((pair) => pair[of])
    const { result: student, activations: own } = recording<Objective>(
      model,
      paths('student'),
      () => task.objective(sizes),
    )
    const { inputs, values, others } = teacherGraph(teachers, task, {
      rows,
      temperature,
      student,
      taken: (other, build) => {
        const { result, activations } = recording(other, paths('teacher'), build)
        return { objective: result, others: activations }
      },
    })
    const hidden = pairs.length > 0 && {
      loss: hiddenLoss(
        pairs,
        { own, teacher: others[0] as Tensor[] },
        { student, rows, projections, kind },
      ),
      weight: hiddenWeight,
    }
    const distilled = distillationObjective(
      student,
      { values },
      { ...options, hidden: hidden || undefined },
    )
    return { ...distilled, inputs }
  }
  return { objective, learned: projections && new WithProjections(model, projections) }
}
