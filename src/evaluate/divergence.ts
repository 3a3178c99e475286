import { loadParameters } from '../checkpoint/load-parameters.ts'
import { UserError } from '../errors.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { createModel, type ModelConfig, stacksOf } from '../models/model.ts'
import { divergenceFrom } from '../objectives/divergence.ts'
import type { Evaluation, Trained } from '../tasks/task.ts'
import { tokenizerHash } from '../text/hash.ts'
import { measureModel } from './measure-model.ts'

/**
 * How far a model is from a reference: KL(model || reference) of each row of the data, summed over
 * its targets. The reference's weights are loaded beside the model's, and disposed.
 */
export async function measureDivergence(
  { engine, weights, signal }: Trained,
  reference: OpenModel,
  rows: Evaluation,
): Promise<number[]> {
  const model = createModel(reference.config, { scope: 'reference' })
  const loaded = await loadParameters(engine, model, reference)
  try {
    const measured = await measureModel(
      {
        engine,
        objective: divergenceFrom(rows.evaluationObjective, rows.objectiveOf(model)),
        parameters: { ...weights.live, ...model.inputs(loaded) },
        byRow: true,
      },
      { batches: rows.batches },
      { signal },
    )
    return measured.rows
  } finally {
    for (const tensor of Object.values(loaded)) tensor.dispose()
  }
}

/** Throws UserError where a reference does not choose among the same tokens or labels. */
export function expectComparable(model: OpenModel, reference: OpenModel, rows: Evaluation): void {
  const refuse = (why: string) =>
    new UserError(`reference is ${reference.path}, ${why}; give another reference, or leave it out`)
  const objective = rows.evaluationObjective({ rows: 1 })
  if (rows.measures.includes('numbers') || !objective.outputs)
    throw new UserError('reference compares probabilities, and this task has none; leave it out')
  if (tokenizerHash(model.tokenizer) !== tokenizerHash(reference.tokenizer))
    throw refuse('which has another tokenizer than the model')
  const [own, other] = [classesOf(model.config), classesOf(reference.config)]
  if (own !== other) throw refuse(`which chooses among ${other}, and the model among ${own}`)
  const context = stacksOf(reference.config)[0]?.context ?? 0
  if (context < rows.length)
    throw refuse(`which reads ${context} tokens, and rows have ${rows.length}`)
}

/** What a model chooses among. */
function classesOf(config: ModelConfig): string {
  const head = 'head' in config ? config.head : undefined
  if (head && head.task !== 'mlm') return head.labels.join(', ')
  return `${stacksOf(config).at(-1)?.vocabSize} tokens`
}
