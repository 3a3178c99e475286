import { z } from 'zod'
import { openModel } from '../../checkpoint/open-model.ts'
import { recordsHash } from '../../data/records-hash.ts'
import { UserError } from '../../errors.ts'
import type { OpenModel } from '../../formats/open-model.ts'
import { readChatTemplate } from '../../formats/read-chat-template.ts'
import { type ModelConfig, stacksOf } from '../../models/model.ts'
import { flagOf, onResume, parseOptions } from '../../options.ts'
import {
  expectKind,
  refuseOthers,
  type TaskName,
  taskOf,
  taskOfModel,
  trainingOptionsOf,
} from '../../tasks/index.ts'
import { checkResumedOptions } from '../../train/checkpoints.ts'
import { horizon, withHead } from '../../train/dial.ts'
import { refuseIdle } from '../../train/idle-options.ts'
import { inRunFolder, refuseOverwriting } from '../../train/run-folder.ts'
import type { TrainResult } from '../../train/session.ts'
import { type TrainContext, trainTask } from '../../train/train-task.ts'
import { distillation } from './extension.ts'
import { generatedData } from './generated-data.ts'
import {
  commonDistillOptions,
  type DistillOptions,
  isUntaught,
  type ParsedDistillOptions,
  sizeOptions,
  TAUGHT,
} from './options.ts'
import { copyFromTeacher, expectSameWidth, studentConfig } from './student.ts'
import { expectSameOutputs, expectSameTokens, expectTeachers } from './teachers.ts'

/**
 * Knowledge distillation (Hinton et al. 2015): trains a student on what one teacher or several say
 * of the data, mixed with the labels. The student is a model of the same tokenizer, or a new one of
 * the teacher's architecture in other sizes. `out` then holds an ordinary model, as after `train`.
 * Throws UserError with the option, the model or the line at fault before any work is lost.
 *
 * @example
 * await distill({ teacher: ['large'], layers: 3, data: ['reviews.jsonl'], out: 'small' })
 */
export async function distill(
  options: DistillOptions,
  context: TrainContext = {},
): Promise<TrainResult> {
  const { teacher } = parseOptions(
    z.looseObject({ teacher: commonDistillOptions.shape.teacher }),
    options,
  )
  const opened: OpenModel[] = []
  try {
    for (const path of teacher) opened.push(await openModel(path))
    return await distillFrom(opened, options, context)
  } finally {
    for (const model of opened) await model.close()
  }
}

async function distillFrom(
  teachers: readonly OpenModel[],
  options: DistillOptions,
  context: TrainContext,
): Promise<TrainResult> {
  const [teacher] = teachers as [OpenModel]
  const task = taskToTeach(options, teacher)
  refuseOthers(options, task, TAUGHT)
  const schema = commonDistillOptions.extend(trainingOptionsOf(task))
  const parsed = parseOptions(schema, options) as ParsedDistillOptions
  refuseIdle(options, parsed)
  refuseContradictions(options, parsed)
  expectTeachers(teachers, task)
  for (const path of [...parsed.teacher, parsed.student]) refuseOverwriting(parsed.out, path)
  return inRunFolder(parsed, async () => {
    const { out, resume, student } = parsed
    const table = onResume(schema)
    if (resume) await checkResumedOptions(out, parsed, table, context.onMessage)
    const base = student === undefined ? undefined : await openModel(student)
    try {
      const config = configOf(parsed, teacher, base, task)
      expectRoom(parsed, teachers, { config, path: base?.path })
      const { chatTemplate: path } = parsed as { chatTemplate?: string }
      const template = path === undefined ? teacher.chatTemplate : await readChatTemplate(path)
      const { added, ...data } = await generatedData(parsed, { teacher, task, template, context })
      return await trainTask({
        task: taskOf(task),
        options: { ...parsed, ...data },
        added,
        base,
        context,
        onResume: table,
        tokenizer: async () => ({ ...teacher, chatTemplate: template }),
        config: () => config,
        defaults: (config, { trainingTokens, length }) => horizon(config, trainingTokens, length),
        extend: (engine, subject, rows) =>
          distillation({
            options: parsed,
            engine,
            opened: teachers,
            subject,
            rows,
            start: parsed.initFromTeacher
              ? (trainer) => copyFromTeacher(teacher, config, trainer)
              : undefined,
            signal: context.signal,
            tell: (text) => context.onMessage?.(text),
          }),
        identity: { chatTemplate: recordsHash([[template]]) },
      })
    } finally {
      await base?.close()
    }
  })
}

/** The task asked for; else what the teacher was made for. Throws UserError. */
function taskToTeach({ task }: DistillOptions, { config, path }: OpenModel): TaskName {
  const own = taskOfModel(config)
  if (isUntaught(own))
    throw new UserError(
      `${path} was made for the task ${own}, and distill teaches ${TAUGHT.join(', ')}; give ` +
        'another teacher',
    )
  return parseOptions(commonDistillOptions.shape.task, task) ?? own
}

/** The student's configuration, under the head of its teacher. Throws UserError. */
function configOf(
  options: ParsedDistillOptions,
  teacher: OpenModel,
  base: OpenModel | undefined,
  task: TaskName,
): ModelConfig {
  if (!base) {
    const config = studentConfig(teacher.config, options)
    if (options.initFromTeacher) expectSameWidth(config, teacher)
    return config
  }
  const name = `the student ${base.path}`
  expectKind(task, base.config.kind)
  expectSameTokens(teacher, base, name)
  const head = 'head' in teacher.config ? teacher.config.head : undefined
  const config = head ? withHead(base.config, head) : base.config
  expectSameOutputs(teacher, { ...base, config }, name)
  return config
}

/** Throws UserError where rows may be longer than what a teacher reads or writes. */
function expectRoom(
  options: ParsedDistillOptions,
  teachers: readonly OpenModel[],
  student: { config: ModelConfig; path: string | undefined },
): void {
  const { context, targetContext } = options as typeof options & { targetContext?: number }
  const own = stacksOf(student.config)[0]?.context ?? 0
  // A new student would get the teacher's context, whatever is asked for.
  const read = student.path === undefined ? (context ?? own) : Math.min(context ?? own, own)
  for (const { config, path } of teachers) {
    const stacks = stacksOf(config)
    const rows = [
      { flag: '--context', length: read, most: stacks[0]?.context ?? 0 },
      {
        flag: '--target-context',
        length: targetContext ?? read,
        most: stacks.at(-1)?.context ?? 0,
      },
    ]
    for (const { flag, length, most } of rows)
      if (length > most)
        throw new UserError(
          `${student.path ? `the student ${student.path}` : 'the student'} is to learn from rows ` +
            `of ${length} tokens, and the teacher ${path} takes ${most}; ` +
            `give ${flag} ${most} or less`,
        )
  }
}

/** Throws UserError where options contradict each other, or one changes nothing. */
function refuseContradictions(given: DistillOptions, parsed: ParsedDistillOptions): void {
  const { student, teacher, labelWeight, hiddenWeight, initFromTeacher, generate } = parsed
  const idle = (names: readonly (keyof DistillOptions)[], reason: string) => {
    const name = names.find((name) => given[name] !== undefined && given[name] !== false)
    if (name) throw new UserError(`${flagOf(name)} changes nothing: ${reason}; leave it out`)
  }
  const sizes = Object.keys(sizeOptions) as (keyof typeof sizeOptions)[]
  if (student !== undefined)
    idle([...sizes, 'dropout', 'feedForwardDropout', 'init'], `--student ${student} has its own`)
  if (student !== undefined && initFromTeacher)
    throw new UserError(
      '--init-from-teacher fills a new student, and --student is one that is trained further; ' +
        'give one of the two',
    )
  if (student === undefined && sizes.every((name) => given[name] === undefined))
    throw new UserError(
      'the student is not named; give --student MODEL, or sizes of a new one, such as --layers 3',
    )
  if (labelWeight === 1) {
    idle(['temperature', 'divergence', 'outputs', 'topK'], '--label-weight 1 asks no teacher')
    if (hiddenWeight === 0 && generate === undefined)
      throw new UserError(
        '--label-weight 1 learns nothing from the teacher; give a lower one, --hidden-weight or ' +
          '--generate',
      )
  }
  if (parsed.outputs === 'live' || hiddenWeight > 0)
    idle(['topK'], 'outputs that are computed with each step have all classes')
  if (hiddenWeight === 0) idle(['hiddenLoss', 'layerMap'], '--hidden-weight is 0')
  if (hiddenWeight > 0 && teacher.length > 1)
    throw new UserError(
      '--hidden-weight compares layers with those of one teacher, and there are ' +
        `${teacher.length}; give one`,
    )
  if (generate !== undefined)
    idle(['weights'], '--generate makes one source of the data, or adds one to it')
  if (generate === undefined) idle(['generateTemperature'], '--generate is not given')
}
