import { readConfig } from '../../src/formats/huggingface/config.ts'
import type { Case } from '../torch-agreement.ts'

/**
 * Both sides read these fields: what they leave out, and what is null, must mean the same to both.
 */
const read = (fields: Record<string, unknown>): Case => [
  String(fields.model_type),
  readConfig(fields).config,
  { file: fields },
]

const sizes = { vocab_size: 17, hidden_size: 16, intermediate_size: 20, num_hidden_layers: 2 }
/** As many heads of keys as architectures have by default. */
const four = { ...sizes, num_attention_heads: 4 }
const eight = { ...sizes, num_attention_heads: 8 }
const many = { ...sizes, hidden_size: 64, num_attention_heads: 32, num_hidden_layers: 1 }
const experts = { num_experts: 4, moe_intermediate_size: 12, num_experts_per_tok: 2 }
/** Without it PyTorch leaves the balance of experts out of the loss. */
const balanced = { output_router_logits: true }
const deep = { ...four, num_hidden_layers: 6, head_dim: 6 }
const bert = { ...four, intermediate_size: 20 }
const t5 = { vocab_size: 17, d_model: 16, d_ff: 20, num_layers: 2, num_heads: 3 }

export const files: Record<string, Case> = {
  'GPT-2, sizes alone': read({
    model_type: 'gpt2',
    vocab_size: 17,
    n_embd: 16,
    n_layer: 2,
    n_head: 4,
    n_inner: null,
  }),
  'Llama, sizes alone': read({ model_type: 'llama', ...four }),
  'Mistral, sizes alone': read({ model_type: 'mistral', ...eight }),
  'Mistral, no window, no grouping': read({
    model_type: 'mistral',
    ...four,
    sliding_window: null,
    num_key_value_heads: null,
  }),
  'Mixtral, sizes alone': read({ model_type: 'mixtral', ...eight, ...balanced }),
  'Qwen 2, sizes alone': read({ model_type: 'qwen2', ...many }),
  'Qwen 3, sizes alone': read({ model_type: 'qwen3', ...many, head_dim: 2 }),
  'Qwen 3 with experts, sizes alone': read({
    model_type: 'qwen3_moe',
    ...four,
    ...experts,
    ...balanced,
  }),
  'Gemma 2, sizes alone': read({
    model_type: 'gemma2',
    ...four,
    num_hidden_layers: 1,
    hidden_size: 8,
  }),
  'Gemma 2, no bounds': read({
    model_type: 'gemma2',
    ...four,
    head_dim: 6,
    attn_logit_softcapping: null,
    final_logit_softcapping: null,
  }),
  'Gemma 3, sizes alone': read({ model_type: 'gemma3_text', ...deep }),
  'BERT, sizes alone': read({ model_type: 'bert', ...bert }),
  'RoBERTa, sizes alone': read({ model_type: 'roberta', ...bert }),
  'DistilBERT, sizes alone': read({
    model_type: 'distilbert',
    vocab_size: 17,
    dim: 16,
    hidden_dim: 20,
    n_layers: 2,
    n_heads: 4,
  }),
  'ModernBERT, sizes alone': read({ model_type: 'modernbert', ...bert, num_hidden_layers: 4 }),
  'T5, sizes alone': read({ model_type: 't5', ...t5 }),

  'BERT with ReLU': read({ model_type: 'bert', ...bert, hidden_act: 'relu' }),
  'RoBERTa with ReLU': read({ model_type: 'roberta', ...bert, hidden_act: 'relu' }),
  'DistilBERT with ReLU': read({
    model_type: 'distilbert',
    vocab_size: 17,
    dim: 16,
    hidden_dim: 20,
    n_layers: 2,
    n_heads: 4,
    activation: 'relu',
  }),
  'Qwen 2, as its scaling is written': read({
    model_type: 'qwen2',
    ...four,
    num_key_value_heads: 2,
    max_position_embeddings: 32,
    rope_scaling: { type: 'yarn', factor: 4, original_max_position_embeddings: 8 },
  }),
  'Llama 3, as transformers 5 writes it': read({
    model_type: 'llama',
    ...four,
    max_position_embeddings: 64,
    rope_parameters: {
      rope_type: 'llama3',
      rope_theta: 500,
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 16,
    },
  }),
  'Gemma 3, as transformers 5 writes it': read({
    model_type: 'gemma3_text',
    ...deep,
    rope_parameters: {
      full_attention: { rope_type: 'linear', rope_theta: 1000, factor: 8 },
      sliding_attention: { rope_type: 'default', rope_theta: 50 },
    },
  }),
  'ModernBERT, as transformers 5 writes it': read({
    model_type: 'modernbert',
    ...bert,
    local_attention: 4,
    layer_types: ['full_attention', 'sliding_attention'],
    rope_parameters: {
      full_attention: { rope_type: 'default', rope_theta: 1000 },
      sliding_attention: { rope_type: 'default', rope_theta: 50 },
    },
  }),
}
