import { blimp } from './blimp.ts'
import { classifyFromNothing } from './classify-from-nothing.ts'
import { distillLm } from './distill-lm.ts'
import { distillSst2 } from './distill-sst2.ts'
import { eda } from './eda.ts'
import type { Experiment } from './experiment.ts'
import { grpo } from './grpo.ts'
import { preferences } from './preferences.ts'
import { transfer } from './transfer.ts'

/** All experiments, in the order in which they are listed. */
export const EXPERIMENTS: readonly Experiment[] = [
  eda,
  classifyFromNothing,
  preferences,
  grpo,
  distillSst2,
  distillLm,
  blimp,
  transfer,
]
