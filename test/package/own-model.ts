import {
  adamW,
  compile,
  graph,
  loadTensors,
  nn,
  type ObjectiveBuilder,
  openEngine,
  Random,
  saveTensors,
  Trainer,
  trainCharTokenizer,
} from '../../src/index.ts'

const text = 'the cat sat on the mat. the dog sat on the log. '.repeat(20)
const tokenizer = await trainCharTokenizer([text])
const tokens = tokenizer.encode(text)
/** Tokens that the next one is predicted from. */
const CONTEXT = 16

/** A neural language model (Bengio et al. 2003). ids: (B, CONTEXT) -> logits (B, V). */
class NeuralLanguageModel extends nn.Module {
  embedding = new nn.Embedding(tokenizer.vocabSize, 16)
  hidden = new nn.Linear(16 * CONTEXT, 64, { bias: true })
  output = new nn.Linear(64, tokenizer.vocabSize)

  constructor() {
    super()
    nn.nameParameters(this)
  }

  forward(ids: graph.Tensor): graph.Tensor {
    const last = graph.reshape(this.embedding.forward(ids), [ids.shape[0] as number, 16 * CONTEXT])
    return this.output.forward(graph.tanh(this.hidden.forward(last)))
  }
}

/** Focal loss (Lin et al. 2017): what the model already knows, p near 1, weighs less. */
const focalLoss: ObjectiveBuilder = ({ rows }) => {
  const ids = graph.input('ids', 'int32', [rows, CONTEXT])
  const targets = graph.input('targets', 'int32', [rows])
  /** 1 / the number of targets of the whole step, of which `rows` are a part. */
  const weight = graph.input('weight', 'float32', [])
  const crossEntropy = graph.crossEntropy(model.forward(ids), targets)
  const unknown = graph.sub(1, graph.exp(graph.neg(crossEntropy)))
  const focal = graph.mul(graph.mul(unknown, unknown), crossEntropy)
  const mean = (losses: graph.Tensor) => graph.mul(graph.sum(losses), weight)
  return {
    inputs: { ids, targets, weight },
    loss: mean(focal),
    metrics: { crossEntropy: mean(crossEntropy) },
  }
}

const model = new NeuralLanguageModel()
const engine = await openEngine()
const trainer = await Trainer.create({
  engine,
  model,
  objective: focalLoss,
  optimizer: adamW(),
  weightDecay: 0.01,
  batch: 32,
  length: CONTEXT,
  seed: 1,
})
const random = new Random(1)
for (let step = 0; step < 200; step++) {
  const starts = Array.from({ length: 32 }, () => random.integer(tokens.length - CONTEXT))
  const ids = Int32Array.from(starts.flatMap((start) => [...tokens.slice(start, start + CONTEXT)]))
  const targets = Int32Array.from(starts, (start) => tokens[start + CONTEXT] as number)
  const batch = { rows: 32, length: CONTEXT, count: 32, arrays: { ids, targets } }
  const { loss, metrics } = await trainer.next(batch, 1e-2)
  if (step % 50 === 49) console.log(step + 1, loss.toFixed(3), metrics.crossEntropy?.toFixed(3))
}
await saveTensors('own-model.safetensors', trainer.parameters)
await trainer.dispose()

const weights = { packed: await loadTensors('own-model.safetensors') }
const outputs = { logits: model.forward(graph.input('ids', 'int32', [1, CONTEXT])) }
const next = await compile(engine, outputs, { weights })
let sample = text.slice(0, CONTEXT)
while (sample.length < 48) {
  const { logits } = await next({ ids: tokenizer.encode(sample).slice(-CONTEXT) })
  const values = [...(logits as Float32Array)]
  sample += tokenizer.decode([values.indexOf(Math.max(...values))])
}
console.log(sample)
next.dispose()
await engine.dispose()
