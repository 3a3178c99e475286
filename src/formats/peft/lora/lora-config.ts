/** How a low-rank adapter is made (Hu et al. 2022). */
export interface LoraConfig {
  rank: number
  /** Sets how much the update counts, whatever the rank: see `scaleOf`. */
  alpha: number
  /** Rate of dropout, in training, on what the adapter reads. */
  dropout: number
  /**
   * What is adapted, as PEFT's `target_modules`: `all-linear`, or a regular expression of whole
   * names; or a list of names, or of their ends after a dot.
   */
  layers: string | readonly string[]
  /** The scale is alpha / sqrt(rank), so that high ranks learn as fast (Kalajdzievski 2023). */
  rslora: boolean
}

/** Factor on B A: alpha / rank, or with rsLoRA alpha / sqrt(rank). */
export const scaleOf = ({ rank, alpha, rslora }: Omit<LoraConfig, 'layers' | 'dropout'>): number =>
  alpha / (rslora ? Math.sqrt(rank) : rank)
