import { UserError } from '../../../errors.ts'
import type { Model } from '../../../models/model.ts'
import { kaimingUniform, Module, nameParameters, Parameter, zeros } from '../../../nn/index.ts'
import { type Adaptable, adaptablesOf } from './adaptable.ts'
import { attach } from './attach.ts'
import { selectLayers } from './select-layers.ts'

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

/** What names of an adapter's tensors begin with in PEFT's files. */
export const PREFIX = 'base_model.model.'

/**
 * A low-rank adapter of a model, to be trained in place of its weights (Hu et al. 2022). B starts
 * at zero, and with it the update. Parameters bear the names of PEFT's files.
 */
export class Lora extends Module {
  readonly config: LoraConfig
  readonly targets: readonly Adaptable[]
  readonly #parameters = new Map<string, Parameter>()
  readonly #detach: (() => void)[]

  /**
   * Attaches itself to the layers of `model`. Throws UserError where there are none of those names.
   */
  constructor(model: Model, config: LoraConfig) {
    super()
    this.config = config
    this.targets = selectLayers(adaptablesOf(model).values(), config.layers)
    const { rank, dropout } = config
    if (dropout > 0 && this.targets.some(({ layers }) => layers[0]?.path.includes('.experts.')))
      throw new UserError(
        `dropout ${dropout} is not for adapters of experts, which read as many tokens as there ` +
          'happen to be; set it to 0, or leave the experts out',
      )
    for (const { name, inputs, outputs } of this.targets) {
      const path = PREFIX + name
      this.#parameters.set(`${path}.lora_A.weight`, new Parameter([rank, inputs], kaimingUniform))
      this.#parameters.set(`${path}.lora_B.weight`, new Parameter([outputs, rank], zeros))
    }
    nameParameters(this, { scope: model.scope })
    this.#detach = this.targets.map((target) => {
      const part = (kind: string) => this.#tensor(`${PREFIX}${target.name}.${kind}.weight`)
      return attach(target, {
        down: part('lora_A'),
        up: part('lora_B'),
        scale: scaleOf(config),
        dropout: config.dropout,
      })
    })
  }

  override parameters(): Map<string, Parameter> {
    return new Map(this.#parameters)
  }

  /** The layers are as they were. */
  detach(): void {
    for (const detach of this.#detach) detach()
  }

  #tensor(name: string) {
    return (this.#parameters.get(name) as Parameter).tensor
  }
}
