import { type HeadConfig, REWARD, type Task } from '../../models/head-config.ts'
import type { FieldReader } from './fields.ts'

/** Hugging Face's class for each task, behind the architecture's name. */
const CLASSES: Readonly<Record<Task, string>> = {
  mlm: 'ForMaskedLM',
  classify: 'ForSequenceClassification',
  regress: 'ForSequenceClassification',
  tag: 'ForTokenClassification',
  embed: 'Model',
}

/** Form of an architecture's head for a task, as far as it differs from `PLAIN`. */
type HeadForm = (task: Task) => Partial<HeadConfig> | undefined

/** Decoders classify by their last token. */
const decoderHead: HeadForm = (task) => {
  if (task === 'classify' || task === 'regress') return { pooling: 'last', outputBias: false }
  return task === 'tag' ? {} : undefined
}

const PLAIN: Omit<HeadConfig, 'task' | 'labels'> = {
  pooling: 'first',
  denseBias: true,
  norm: false,
  outputBias: true,
  normalized: true,
}

/**
 * The head that the first of `architectures` names; undefined for the architecture's language
 * model.
 */
export function readHead(
  field: FieldReader,
  formOf: HeadForm = decoderHead,
): HeadConfig | undefined {
  field.ignore('label2id')
  const labels = readLabels(field)
  const task = readTask(field, labels)
  const form = task && formOf(task)
  if (!task || !form) return undefined
  const named = task === 'regress' ? labels.filter((label) => label === REWARD) : labels
  const labeled = task === 'classify' || task === 'tag' || task === 'regress'
  return { ...PLAIN, ...form, task, labels: labeled ? named : [] }
}

/**
 * The head of an encoder. Its language model is that for masked tokens, whose matrix must be the
 * embedding; other heads have none.
 */
export function readEncoderHead(
  field: FieldReader,
  formOf: (task: Task) => HeadConfig,
): HeadConfig {
  const head = readHead(field, formOf) ?? formOf('mlm')
  if (head.task === 'mlm') field.only('tie_word_embeddings', true)
  else field.ignore('tie_word_embeddings')
  return head
}

/**
 * A single label is a number to estimate, as in transformers: so are rerankers and reward models.
 */
function readTask(field: FieldReader, labels: readonly string[]): Task | undefined {
  const [name] = field.list('architectures') ?? []
  if (typeof name !== 'string') return undefined
  const problem = readProblem(field) ?? (labels.length === 1 ? 'regression' : undefined)
  if (name.endsWith(CLASSES.classify)) return problem === 'regression' ? 'regress' : 'classify'
  return (['mlm', 'tag', 'embed'] as const).find((task) => name.endsWith(CLASSES[task]))
}

function readProblem(field: FieldReader): string | undefined {
  field.only('problem_type', 'regression', 'single_label_classification')
  return field.has('problem_type') ? field.string('problem_type') : undefined
}

/** `id2label`, or as many labels as `num_labels` says, two by default. */
function readLabels(field: FieldReader): string[] {
  const named = field.object('id2label')
  if (!named) return Array.from({ length: field.count('num_labels', 2) }, (_, i) => `LABEL_${i}`)
  field.ignore('num_labels')
  const labels = Object.keys(named).map((_, i) => named[i])
  const wrong = labels.findIndex((label) => typeof label !== 'string')
  if (wrong >= 0) throw field.refuse('id2label', `label ${wrong} is missing, or is no text`)
  return labels as string[]
}

/** `architectures`, and what goes with a head. `name`: the architecture's, as classes begin. */
export function writeHead(
  name: string,
  head: HeadConfig | undefined,
  languageModel: string,
): Record<string, unknown> {
  const architectures = [`${name}${head ? CLASSES[head.task] : languageModel}`]
  if (!head || head.task === 'mlm' || head.task === 'embed') return { architectures }
  const labels = head.labels.length > 0 ? head.labels : ['LABEL_0']
  return {
    architectures,
    id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
    label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
    problem_type: head.task === 'regress' ? 'regression' : undefined,
  }
}
