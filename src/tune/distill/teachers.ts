import { hashParameters, loadParameters } from '../../checkpoint/load-parameters.ts'
import { UserError } from '../../errors.ts'
import type { OpenModel } from '../../formats/open-model.ts'
import { mapGraph, type Tensor } from '../../graph/index.ts'
import { createModel, type Model, stacksOf } from '../../models/model.ts'
import { hasNumbers, teacherValues } from '../../objectives/distillation.ts'
import type { Objective } from '../../objectives/objective.ts'
import type { DeviceTensor, Engine } from '../../runtime/engine.ts'
import { expectTask, type TaskName } from '../../tasks/index.ts'
import type { TrainingRows } from '../../tasks/task.ts'
import { tokenizerHash } from '../../text/hash.ts'

/** Teachers in the engine's memory, each in a scope of its own: they are read, and never learn. */
export interface Teachers {
  models: readonly Model[]
  /** By their names in graphs; the caller's to free. */
  weights: Readonly<Record<string, DeviceTensor>>
  /** Of the weights of each. */
  hashes: readonly string[]
}

/** Throws UserError where a weight is not finite, or there is too little memory. */
export async function loadTeachers(
  engine: Engine,
  opened: readonly OpenModel[],
): Promise<Teachers> {
  const models: Model[] = []
  const hashes: string[] = []
  const weights: Record<string, DeviceTensor> = {}
  try {
    for (const [i, teacher] of opened.entries()) {
      const model = createModel(teacher.config, { scope: `teacher.${i}` })
      const loaded = await loadParameters(engine, model, teacher)
      Object.assign(weights, model.inputs(loaded))
      models.push(model)
      hashes.push(await hashParameters(teacher.path, loaded))
    }
  } catch (error) {
    for (const tensor of Object.values(weights)) tensor.dispose()
    throw error
  }
  return { models, weights, hashes }
}

/**
 * Throws UserError where teachers cannot teach one student a task together: it must read their
 * tokens, and choose among their classes.
 */
export function expectTeachers(teachers: readonly OpenModel[], task: TaskName): void {
  const [first, ...others] = teachers as [OpenModel, ...OpenModel[]]
  for (const { config, path } of teachers) expectTask(task, config, path)
  for (const other of others) {
    expectSameTokens(first, other, `the teacher ${other.path}`)
    expectSameOutputs(first, other, `the teacher ${other.path}`)
  }
}

/** Throws UserError where `other` reads other tokens than a teacher. */
export function expectSameTokens(teacher: OpenModel, other: OpenModel, name: string): void {
  if (tokenizerHash(teacher.tokenizer) !== tokenizerHash(other.tokenizer))
    throw new UserError(
      `${name} has another tokenizer than the teacher ${teacher.path}: their probabilities are ` +
        'of different tokens. Give a model with the same tokenizer, or leave out --student and ' +
        'give sizes (--layers, --dim): a new student takes the tokenizer of its teacher. Texts ' +
        'that a teacher generates can train any model: use generate, then train or tune',
    )
}

/** Throws UserError where `other` chooses among other classes than a teacher. */
export function expectSameOutputs(teacher: OpenModel, other: OpenModel, name: string): void {
  const outputs = ({ config }: OpenModel) => {
    const head = 'head' in config ? config.head : undefined
    if (head && head.task !== 'mlm') return head.labels.join(', ')
    return `${stacksOf(config)[0]?.vocabSize} tokens`
  }
  if (outputs(teacher) !== outputs(other))
    throw new UserError(
      `${name} chooses among ${outputs(other)}, and the teacher ${teacher.path} among ` +
        `${outputs(teacher)}; give models with the same labels, in the same order`,
    )
}

/**
 * What teachers say of the targets of `rows` rows, (N, V), and whatever else is `taken` from the
 * graph of each. Where the graph of `student` reads an input, theirs read the same.
 */
export function teacherGraph(
  { models }: Teachers,
  task: Pick<TrainingRows, 'objectiveOf'>,
  options: {
    rows: number
    temperature: number
    student?: Objective
    taken?: (teacher: Model, build: () => Objective) => { objective: Objective; others: Tensor[] }
  },
): { inputs: Record<string, Tensor>; values: Tensor; others: Tensor[][] } {
  const { rows, temperature, student, taken } = options
  const inputs: Record<string, Tensor> = { ...student?.inputs }
  let numbers = false
  const all = models.map((model) => {
    const build = () => task.objectiveOf(model)({ rows })
    const { objective, others } = taken?.(model, build) ?? { objective: build(), others: [] }
    numbers ||= hasNumbers(objective)
    const ends = new Map<Tensor, Tensor>()
    for (const [name, tensor] of Object.entries(objective.inputs)) {
      inputs[name] ??= tensor
      ends.set(tensor, inputs[name])
    }
    const outputs = [(objective.outputs as () => Tensor)(), ...others]
    return mapGraph(outputs, () => undefined, ends) as [Tensor, ...Tensor[]]
  })
  const values = teacherValues(
    all.map(([logits]) => logits),
    { temperature, numbers },
  )
  return { inputs, values, others: all.map(([, ...others]) => others) }
}
