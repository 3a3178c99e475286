import { chat } from '../tasks/chat.ts'
import type { Method } from './method.ts'

/**
 * Supervised fine-tuning: what the assistant says in conversations (Ouyang et al. 2022), at a tenth
 * of the rate of a training from nothing.
 */
export const sft = {
  task: chat,
  learningRate: 1e-4,
  epochs: 3,
} as const satisfies Method<typeof chat.options, typeof chat.learning>
