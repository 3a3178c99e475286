import type { Language } from '../../language.ts'

/** All text of evaluations and their reports. */
export const evaluationMessages = {
  en: {
    interval: '95 % interval',
    undefined: 'undefined',
    difference: 'difference',
    p: 'p',
    better: 'significantly better',
    worse: 'significantly worse',
    same: 'no significant difference',
    compared: (first: string, second: string, items: string) =>
      `A: ${first}\nB: ${second}\n${items} items`,
    speed: (tokens: string, rate: string) => `${tokens} targets, ${rate} a second`,
    benchmark: (name: string, questions: string) => `${name}, ${questions} questions`,
    progress: (name: string, done: string, total: string) =>
      `${name}: ${done} of ${total} questions`,
    under: (metric: string, value: string, limit: string) =>
      `failed: ${metric} is ${value}, and the limit is ${limit}`,
    against: (metric: string, value: string, before: string, p: string) =>
      `failed: ${metric} is ${value}, significantly worse than ${before} (p ${p})`,
    title: (name: string) => `Evaluation: ${name}`,
    model: 'Model',
    data: 'Data',
    items: 'Items',
    seconds: 'Seconds',
    settings: 'Settings',
    metrics: 'Metrics',
    metric: 'metric',
    value: 'value',
    baseline: 'baseline',
    changes: (name: string) => `Changes against ${name}`,
    classes: 'Classes',
    label: 'label',
    count: 'examples',
    precision: 'precision',
    recall: 'recall',
    f1: 'F1',
    confusion: 'Confusion matrix',
    confusionNote: 'Rows are true labels, columns predicted labels.',
    calibration: 'Calibration',
    calibrationNote:
      'Bars show the accuracy at each confidence. On the diagonal the model is calibrated; ' +
      'below it, it is overconfident.',
    confidence: 'confidence',
    accuracy: 'accuracy',
    worst: 'Worst errors',
    highest: 'Highest losses',
    samples: 'Samples',
    changed: 'Answers that changed',
    input: 'input',
    expected: 'expected',
    predicted: 'predicted',
    before: 'before',
    loss: 'loss',
    footer: (confidence: string) =>
      `Intervals are ${confidence} confidence intervals: Wilson for proportions, Student’s t for ` +
      'other means, otherwise BCa bootstrap (1,000 resamples). Models are compared on the same ' +
      'items: by McNemar’s test for right and wrong answers, otherwise by a randomization test.',
  },
  zh: {
    interval: '95 % 置信区间',
    undefined: '无定义',
    difference: '差值',
    p: 'p 值',
    better: '显著更好',
    worse: '显著更差',
    same: '无显著差异',
    compared: (first: string, second: string, items: string) =>
      `A：${first}\nB：${second}\n共 ${items} 条`,
    speed: (tokens: string, rate: string) => `${tokens} 个目标，每秒 ${rate} 个`,
    benchmark: (name: string, questions: string) => `${name}，${questions} 题`,
    progress: (name: string, done: string, total: string) => `${name}：${done} / ${total} 题`,
    under: (metric: string, value: string, limit: string) =>
      `未通过：${metric}为 ${value}，限值为 ${limit}`,
    against: (metric: string, value: string, before: string, p: string) =>
      `未通过：${metric}为 ${value}，显著差于 ${before}（p ${p}）`,
    title: (name: string) => `评估：${name}`,
    model: '模型',
    data: '数据',
    items: '条目',
    seconds: '用时（秒）',
    settings: '设置',
    metrics: '指标',
    metric: '指标',
    value: '数值',
    baseline: '基线',
    changes: (name: string) => `与 ${name} 相比`,
    classes: '各类别',
    label: '标签',
    count: '样本数',
    precision: '精确率',
    recall: '召回率',
    f1: 'F1',
    confusion: '混淆矩阵',
    confusionNote: '行是真实标签，列是模型的回答。',
    calibration: '校准',
    calibrationNote:
      '柱高表示某一置信度的预测有多大比例是对的。落在对角线上，说明模型清楚自己有多大把握；低于对角线，说明它过于自信。',
    confidence: '置信度',
    accuracy: '准确率',
    worst: '最严重的错误',
    highest: '损失最高的部分',
    samples: '样例',
    changed: '有变化的回答',
    input: '输入',
    expected: '正确答案',
    predicted: '模型的回答',
    before: '之前',
    loss: '损失',
    footer: (confidence: string) =>
      `置信区间的含义：在同样抽取的样本中，${confidence} 的区间包含真值。比例用 Wilson 区间，其他均值用 ` +
      'Student t 区间，其余用自助法（BCa，重采样 1000 次）。两个模型在相同条目上比较：对错用 McNemar ' +
      '检验，其余用随机化检验。',
  },
} satisfies Record<Language, object>

const METRICS: Readonly<Record<string, readonly [en: string, zh: string]>> = {
  loss: ['loss', '损失'],
  perplexity: ['perplexity', '困惑度'],
  wordPerplexity: ['perplexity per word', '每词困惑度'],
  bytePerplexity: ['perplexity per byte', '每字节困惑度'],
  bitsPerByte: ['bits per byte', '每字节比特数'],
  lossPerDocument: ['loss per document', '每篇文档的损失'],
  divergence: ['KL divergence', 'KL 散度'],
  accuracy: ['accuracy', '准确率'],
  normalizedAccuracy: ['accuracy by length', '准确率（按长度归一化）'],
  balancedAccuracy: ['balanced accuracy', '平衡准确率'],
  f1: ['F1 (macro)', 'F1（宏平均）'],
  microF1: ['F1 (micro)', 'F1（微平均）'],
  weightedF1: ['F1 (weighted)', 'F1（加权平均）'],
  precision: ['precision (macro)', '精确率（宏平均）'],
  recall: ['recall (macro)', '召回率（宏平均）'],
  mcc: ['Matthews correlation', '马修斯相关系数'],
  rocAuc: ['ROC AUC', 'ROC 曲线下面积'],
  logLoss: ['log loss', '对数损失'],
  calibrationError: ['calibration error', '校准误差'],
  meanAbsoluteError: ['mean absolute error', '平均绝对误差'],
  meanSquaredError: ['mean squared error', '均方误差'],
  correlation: ['correlation', '相关系数'],
  recallAt1: ['recall at 1', '首位召回率'],
  exactMatch: ['exact match', '完全匹配率'],
  flexibleMatch: ['match anywhere', '宽松匹配率'],
  normalizedMatch: ['normalized match', '规范化匹配率'],
  tokenF1: ['token F1', '词级 F1'],
  bleu: ['BLEU', 'BLEU'],
  chrf: ['chrF', 'chrF'],
  rouge1: ['ROUGE-1', 'ROUGE-1'],
  rouge2: ['ROUGE-2', 'ROUGE-2'],
  rougeL: ['ROUGE-L', 'ROUGE-L'],
}

/** What a metric is called. */
export const metricName = (name: string, language: Language): string =>
  METRICS[name]?.[language === 'zh' ? 1 : 0] ??
  name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

/** Four decimals, fewer of large numbers. */
export const formatNumber = (x: number): string =>
  Math.abs(x) < 10 ? x.toFixed(4) : Math.abs(x) < 1e6 ? x.toFixed(2) : x.toExponential(2)

/** With its sign, also where it is positive. */
export const formatSigned = (x: number): string => `${x > 0 ? '+' : ''}${formatNumber(x)}`

export const formatP = (p: number): string => (p < 0.0001 ? '< 0.0001' : p.toFixed(4))
