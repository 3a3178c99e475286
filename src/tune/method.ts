import type { Shape, Task, Values } from '../tasks/task.ts'
import type { TrainingOptions } from '../train/options.ts'

/**
 * A method of tuning a chat model. Its task says what the data are, what is minimized on which
 * batches, what is reported, and which options it takes: see `Task`.
 */
export interface Method<O extends Shape = Shape, L extends Shape = Shape> {
  readonly task: Omit<Task<O, L>, 'measure'>
  /** Throws UserError where options contradict each other, or one that is `given` has no effect. */
  check?(
    options: Values<L> &
      Pick<TrainingOptions, 'augment'> & { dropout: number; adapterDropout: number },
    given: Partial<Values<L>>,
  ): void
  /** A model without a chat template continues texts; otherwise it gets ChatML. */
  readonly continuesText?: boolean
  /** Of a whole model that is 256 wide, where the user gives none; adapters have ten times it. */
  readonly learningRate: number
  /** Times that the data is read, where the user gives no length. */
  readonly epochs: number
}
