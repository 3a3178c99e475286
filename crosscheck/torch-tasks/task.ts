import type { Tensor } from '../../src/graph/index.ts'
import type { Objective } from '../../src/objectives/objective.ts'
import type { ArchitectureTask } from '../torch-architecture.ts'

/** What a case has besides its model. */
export interface Given {
  labelSmoothing?: number
  /** Of a decoder's tokens, where they are not 0, 1, 2 ... */
  positions?: number[][]
  /** Outputs, too, are those of fixed lengths. */
  fixed?: boolean
  /** Sources of each example (Fusion-in-Decoder). */
  sources?: number
  /** Fields that the peer's config.json has besides. */
  fields?: Record<string, unknown>
  /** The whole of it, in place of what is written here. */
  file?: Record<string, unknown>
}

/** One batch, as it is given to both sides. */
export interface Task {
  /** As training has it, its sizes fixed. */
  objective: Objective
  /** Values of all inputs. */
  feeds: Record<string, number[] | number[][]>
  /**
   * Our tensors by the peer's names, and which of their rows mean something (default: all). Their
   * lengths are open, as where a model is used, but for pairs and for encoder-decoders.
   */
  outputs: Record<string, { tensor: Tensor; rows?: number[] }>
  peer: Pick<ArchitectureTask, 'head' | 'inputs' | 'pooling' | 'normalize' | 'temperature'>
}
