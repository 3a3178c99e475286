import type { Shape, Task, Values } from '../tasks/task.ts'
import type { TrainingOptions } from '../train/options.ts'

/**
 * A way to teach a model that talks. Its task says what the data are, what is minimized on which
 * batches, what is reported, and which options it takes: see `Task`.
 */
export interface Method<O extends Shape = Shape, L extends Shape = Shape> {
  readonly task: Task<O, L>
  /** Throws UserError where options contradict each other. */
  check?(options: Values<L> & Pick<TrainingOptions, 'augment'>): void
  /** Of a whole model that is 256 wide, where the user gives none; adapters have ten times it. */
  readonly learningRate: number
  /** Times that the data is read, where the user gives no length. */
  readonly epochs: number
}
