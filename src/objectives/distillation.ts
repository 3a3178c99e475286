import {
  add,
  cast,
  div,
  exp,
  gatherElements,
  greaterEqual,
  log,
  logSoftmax,
  maximum,
  mul,
  reshape,
  softmax,
  sqrt,
  sub,
  sum,
  type Tensor,
} from '../graph/index.ts'
import type { Objective } from './objective.ts'

/** What is learned from a teacher's outputs, and how much the labels count beside them. */
export interface DistillationOptions {
  /** Share of the labels' loss in the whole. */
  labelWeight: number
  /** Divides all logits: above 1, what a teacher thinks unlikely counts more. */
  temperature: number
  /**
   * `forward`: KL(teacher || student), by which a student covers all that its teacher says;
   * `reverse`: KL(student || teacher), by which it keeps to what its teacher says most
   * (Gu et al. 2023).
   */
  divergence: 'forward' | 'reverse'
}

/** What a teacher says of N targets. */
export interface TeacherOutputs {
  /**
   * Log-probabilities at the temperature: of all classes (N, V), or of the k in `ids`; of a teacher
   * that estimates, its numbers (N, 1).
   */
  values: Tensor
  /** (N, k) int32: the classes whose log-probabilities are given; all others are the rest. */
  ids?: Tensor
}

/** Keeps logarithms finite; what is less likely counts for nothing. */
const LEAST = 1e-6

/**
 * Log-probabilities of the mean of several teachers' distributions, at a temperature; of teachers
 * that estimate, the mean of their numbers. outputs: (N, V) each -> (N, V).
 */
export function teacherValues(
  outputs: readonly Tensor[],
  { temperature, numbers }: { temperature: number; numbers: boolean },
): Tensor {
  const mean = (all: readonly Tensor[]) => mul(all.reduce(add), 1 / all.length)
  if (numbers) return mean(outputs)
  const [first, ...others] = outputs.map((logits) => mul(logits, 1 / temperature))
  if (others.length === 0) return logSoftmax(first as Tensor)
  return log(maximum(mean([first as Tensor, ...others].map((x) => softmax(x))), 1e-30))
}

/**
 * Kullback-Leibler divergence of a teacher and a student whose logits are (N, V), in nats: (N).
 *
 * Where the teacher gives k classes S of V only, all others are one more class, with what is left
 * of the probability: KL = sum over S of p log(p / q) + r log(r / s), r = 1 - sum p, s = 1 - sum q.
 * It is the divergence of the coarser distributions, at most the whole one (as merging classes
 * loses information), and the whole one where k = V.
 */
export function teacherDivergence(
  logits: Tensor,
  { values, ids }: TeacherOutputs,
  { temperature, divergence }: Omit<DistillationOptions, 'labelWeight'>,
): Tensor {
  const all = logSoftmax(mul(logits, 1 / temperature))
  const own = ids ? gatherElements(all, ids, 1) : all
  const [from, to] = divergence === 'forward' ? [values, own] : [own, values]
  const known = sum(mul(exp(from), sub(from, to)), 1)
  if (!ids || ids.shape[1] === logits.shape[1]) return known
  const rest = (logarithms: Tensor) => maximum(sub(1, sum(exp(logarithms), 1)), 0)
  const logRest = (mass: Tensor) => log(add(mass, LEAST))
  return add(known, mul(rest(from), sub(logRest(rest(from)), logRest(rest(to)))))
}

/**
 * Knowledge distillation (Hinton et al. 2015): `labelWeight` times the loss of the labels, and for
 * the rest the divergence from the teacher, times temperature^2, by which its gradients keep their
 * size whatever the temperature. Of estimated numbers, the squared difference. `hidden`: a loss of
 * hidden states beside both, with its weight.
 */
export function distillationObjective(
  student: Objective,
  teacher: TeacherOutputs | undefined,
  options: DistillationOptions & { hidden?: { loss: Tensor; weight: number } | undefined },
): Objective {
  const { labelWeight, temperature, hidden } = options
  const weight = student.inputs.weight as Tensor
  const metrics: Record<string, Tensor> = { ...student.metrics, labelLoss: student.loss }
  const parts = labelWeight > 0 ? [mul(student.loss, labelWeight)] : []
  if (teacher && student.outputs && labelWeight < 1) {
    const outputs = student.outputs()
    const rows = hasNumbers(student)
      ? squaredDifference(outputs, teacher.values)
      : mul(teacherDivergence(outputs, teacher, options), temperature ** 2)
    const counted = reshape(countedTargets(student), rows.shape)
    const loss = mul(sum(mul(rows, counted)), weight)
    metrics.teacherLoss = loss
    parts.push(mul(loss, 1 - labelWeight))
  }
  if (hidden) {
    metrics.hiddenLoss = hidden.loss
    parts.push(mul(hidden.loss, hidden.weight))
  }
  return { ...student, loss: parts.reduce(add), metrics, rowLosses: undefined }
}

/** Whether a model estimates numbers, rather than choose among classes. */
export const hasNumbers = ({ inputs }: Objective): boolean => inputs.targets?.dtype === 'float32'

const squaredDifference = (a: Tensor, b: Tensor): Tensor => {
  const difference = sub(a, b)
  return sum(mul(difference, difference), 1)
}

/** 1 for each target that counts, 0 for others; in the shape of the targets. */
export const countedTargets = ({ inputs }: Objective): Tensor =>
  inputs.counted ?? cast(greaterEqual(inputs.targets as Tensor, 0), 'float32')

/**
 * Distance of hidden states, a number for each token: of their directions, 1 - cosine (DistilBERT,
 * Sanh et al. 2019), or the mean of squared differences (FitNets, Romero et al. 2015; TinyBERT,
 * Jiao et al. 2020). student, teacher: (N, C) -> (N).
 */
export function hiddenDistance(student: Tensor, teacher: Tensor, kind: 'cosine' | 'mse'): Tensor {
  if (kind === 'mse')
    return mul(squaredDifference(student, teacher), 1 / (student.shape[1] as number))
  const dot = (a: Tensor, b: Tensor) => sum(mul(a, b), 1)
  const square = mul(dot(student, student), dot(teacher, teacher))
  return sub(1, div(dot(student, teacher), sqrt(add(square, 1e-12))))
}

/**
 * The mean over the tokens of each row, and over rows as their targets weigh: of a step's rows, the
 * means add up. distances: (R T), mask: (R, T) -> (), where each of `rows` has R / rows sequences.
 */
export function meanOverTokens(
  distances: Tensor,
  mask: Tensor,
  { student, rows }: { student: Objective; rows: number },
): Tensor {
  const perRow = (x: Tensor, size: number) => sum(reshape(x, [rows, size]), 1)
  const tokens = (distances.shape[0] as number) / rows
  const flat = reshape(mask, distances.shape)
  const mean = div(perRow(mul(distances, flat), tokens), maximum(perRow(flat, tokens), 1))
  const counted = countedTargets(student)
  const targets = perRow(counted, counted.shape.reduce<number>((n, d) => n * Number(d), 1) / rows)
  return mul(sum(mul(mean, targets)), student.inputs.weight as Tensor)
}
