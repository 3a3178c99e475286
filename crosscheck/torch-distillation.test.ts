import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { runForJson } from '../bench/child.ts'
import { findTorch } from '../bench/torch.ts'
import { constant, crossEntropy, grad, input, mul, sum } from '../src/graph/index.ts'
import {
  distillationObjective,
  hiddenDistance,
  teacherValues,
} from '../src/objectives/distillation.ts'
import { Random } from '../src/random.ts'
import { evaluate } from '../test/interpreter/evaluate.ts'

const torch = await findTorch()
if (!torch) console.warn('PyTorch was not found, so no loss of distillation is compared with it')
const check = test.skipIf(!torch && !process.env.CI)

const [rows, classes] = [6, 9]
const random = new Random(8)
const numbers = (count: number) => Array.from({ length: count }, () => 2 * random.normal())
const [student, teacher] = [numbers(rows * classes), numbers(rows * classes)]
const [hidden, otherHidden] = [numbers(rows * classes), numbers(rows * classes)]
const targets = [3, 0, -100, 8, 8, -100]
const nested = (values: readonly number[]) =>
  Array.from({ length: rows }, (_, i) => values.slice(i * classes, (i + 1) * classes))

check.each([
  ['forward', 2, 0.3],
  ['forward', 1, 0],
  ['reverse', 4, 0.5],
] as const)(
  'loss and gradient are PyTorch’s: %s, temperature %d, labels %d',
  async (divergence, temperature, labelWeight) => {
    if (!torch) throw new Error('install PyTorch (Debian: python3-torch) to compare with it')
    const options = { divergence, temperature, labelWeight }
    const theirs = (await runForJson({
      file: torch.python,
      args: [
        resolve('peers/torch/distillation.py'),
        JSON.stringify({
          ...options,
          student: nested(student),
          teacher: nested(teacher),
          targets,
          hidden: nested(hidden),
          otherHidden: nested(otherHidden),
        }),
      ],
    })) as Record<'gradient' | 'cosine' | 'mse', number[]> & { loss: number }

    const shape = [rows, classes]
    const logits = input('logits', 'float32', shape)
    const labels = constant(targets, [rows], 'int32')
    const weight = constant(1 / targets.filter((target) => target >= 0).length)
    const { loss } = distillationObjective(
      {
        inputs: { targets: labels, weight },
        loss: mul(sum(crossEntropy(logits, labels)), weight),
        metrics: {},
        outputs: () => logits,
      },
      { values: teacherValues([constant(teacher, shape)], { temperature, numbers: false }) },
      options,
    )
    const [a, b] = [constant(hidden, shape), constant(otherHidden, shape)]
    const found = evaluate(
      [loss, ...grad(loss, [logits]), hiddenDistance(a, b, 'cosine'), hiddenDistance(a, b, 'mse')],
      { logits: { shape, values: student } },
    ).map(({ data }) => [...data])
    const right = [[theirs.loss], theirs.gradient, theirs.cosine, theirs.mse]
    for (const [i, values] of right.entries()) {
      expect(found[i]).toHaveLength(values.length)
      for (const [j, value] of values.entries()) expect(found[i]?.[j]).toBeCloseTo(value, 9)
    }
  },
)
