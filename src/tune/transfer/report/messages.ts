import type { Language } from '../../../language.ts'
import type { Matrix } from '../matrix.ts'
import { BASE, SCRATCH } from '../targets.ts'

/** Every word of the report on a transfer. */
export const transferMessages = {
  en: {
    title: 'Transfer',
    base: 'Base',
    seeds: 'Seeds',
    models: 'Models',
    tasks: 'Tasks and domains',
    task: 'task',
    kind: 'kind',
    metric: 'metric',
    known: 'known to the base',
    strategies: {
      full: 'Whole tuning',
      'feature-extraction': 'Feature extraction',
      'gradual-unfreezing': 'Gradual unfreezing',
      replay: 'Tuning with replay',
    },
    variants: {
      plain: 'plain',
      augmentation: 'with augmentation',
      dropout: 'with dropout',
      'weight-decay': 'with weight decay',
    },
    scratch: 'from scratch',
    fromBase: 'base',
    after: (task: string) => `base, then ${task}`,
    source: 'source',
    score: 'score',
    overScratch: 'over scratch',
    overBase: 'over base',
    written: (out: string) => `* the interval of the difference leaves out 0; in ${out}`,
    matrixNote:
      'Rows are what is trained further, columns what it then learns. Under each score: its ' +
      'interval, and how much better it is than from scratch (S) and than from the base (B). The ' +
      'darker, the better in its column.',
    forgetting: 'Forgetting',
    forgettingNote:
      'How well a task is known before and after another was learned, under the head that it ' +
      'had. Less than 0 is forgotten.',
    afterTask: 'after',
    before: 'before',
    now: 'now',
    change: 'change',
    interval: '95 % interval',
    effects: 'What the variants change',
    effectsNote: 'How much better each variant is than plain, on the same items or seeds.',
    footer: (count: number) =>
      count === 1
        ? 'Intervals are of the items of the test data: Wilson’s, Student’s or bootstrap of a ' +
          'score, the paired bootstrap of a difference. One seed says nothing about chance in ' +
          'training. Bold: the interval of the difference leaves out 0.'
        : `Scores and differences are means over ${count} seeds, with Student’s intervals over ` +
          'the seeds. Bold: the interval of the difference leaves out 0.',
  },
  zh: {
    title: '迁移学习',
    base: '基座',
    seeds: '随机种子',
    models: '模型数',
    tasks: '任务与领域',
    task: '任务',
    kind: '类型',
    metric: '指标',
    known: '基座已学过',
    strategies: {
      full: '全量微调',
      'feature-extraction': '特征提取',
      'gradual-unfreezing': '逐层解冻',
      replay: '带回放的微调',
    },
    variants: {
      plain: '不加任何手段',
      augmentation: '数据增强',
      dropout: 'dropout',
      'weight-decay': '权重衰减',
    },
    scratch: '从零训练',
    fromBase: '基座',
    after: (task: string) => `基座，再学 ${task}`,
    source: '来源',
    score: '分数',
    overScratch: '比从零训练',
    overBase: '比基座',
    written: (out: string) => `* 表示差值的区间不含 0；结果在 ${out}`,
    matrixNote:
      '行是继续训练的起点，列是接着要学的任务。每个分数下面是它的置信区间，以及它比从零训练（S）和直接从基座训练（B）' +
      '好多少。颜色越深，在该列中越好。',
    forgetting: '遗忘',
    forgettingNote: '学习另一任务前后，原任务的成绩（用它原来的输出头）。小于 0 表示遗忘。',
    afterTask: '之后学了',
    before: '之前',
    now: '现在',
    change: '变化',
    interval: '95 % 置信区间',
    effects: '各种手段的作用',
    effectsNote: '在相同的条目或种子上，每种手段比不加任何手段好多少。',
    footer: (count: number) =>
      count === 1
        ? '区间来自测试数据的条目：分数用 Wilson、Student t 区间或自助法，差值用配对自助法。只有一个种子，' +
          '无法反映训练的随机性。粗体：差值的区间不含 0。'
        : `分数和差值都是 ${count} 个种子的平均，区间是种子之间的 Student t 区间。粗体：差值的区间不含 0。`,
  },
} satisfies Record<Language, object>

/** `Whole tuning, with dropout`. */
export function titleOf({ strategy, variant }: Matrix, language: Language): string {
  const { strategies, variants } = transferMessages[language]
  const named = (variants as Readonly<Record<string, string>>)[variant]
  return [strategies[strategy], ...(named ? [named] : [])].join(language === 'zh' ? '，' : ', ')
}

export const sourceName = (source: string, language: Language): string => {
  const { scratch, fromBase, after } = transferMessages[language]
  if (source === SCRATCH) return scratch
  return source === BASE ? fromBase : after(source)
}
