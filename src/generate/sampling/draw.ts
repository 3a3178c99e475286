import type { Random } from '../../random.ts'
import type { Candidates } from './candidates.ts'

/** A token, by its probability among the candidates. Throws where a logit is not a number. */
export function draw(candidates: Candidates, random: Random): number {
  const total = candidates.weigh()
  if (!(total > 0))
    throw new Error('a logit is not a number: the weights of this model have diverged')
  const { ids, weights, count } = candidates
  let left = random.uniform() * total
  let i = 0
  while (i < count - 1 && left >= (weights[i] as number)) left -= weights[i++] as number
  return ids[i] as number
}
