import { logSoftmax, mapGraph, mul, reshape, sum, type Tensor } from '../graph/index.ts'
import { countedTargets, teacherDivergence } from './distillation.ts'
import { lossesOfRows, type ObjectiveBuilder } from './objective.ts'

/**
 * How far a model is from a reference that reads the same inputs: KL(model || reference) of each
 * target, in nats, in place of its loss. The reference's parameters have a scope of their own.
 */
export const divergenceFrom =
  (own: ObjectiveBuilder, reference: ObjectiveBuilder): ObjectiveBuilder =>
  (sizes) => {
    const [objective, other] = [own(sizes), reference(sizes)]
    if (!objective.outputs || !other.outputs)
      throw new TypeError('an objective without outputs has no divergence')
    const { inputs } = objective
    const same = Object.entries(other.inputs).map(
      ([name, tensor]) => [tensor, inputs[name] as Tensor] as const,
    )
    const [values] = mapGraph([logSoftmax(other.outputs())], () => undefined, new Map(same))
    const each = teacherDivergence(
      objective.outputs(),
      { values: values as Tensor },
      { temperature: 1, divergence: 'reverse' },
    )
    const losses = mul(each, reshape(countedTargets(objective), each.shape))
    return {
      inputs,
      loss: mul(sum(losses), inputs.weight as Tensor),
      metrics: {},
      rowLosses: lossesOfRows(losses, sizes.rows),
    }
  }
