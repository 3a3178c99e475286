import { test } from 'vitest'
import { add, grad, input, mul, neg, simplify, sum, type Tensor, toOnnx } from './index.ts'
const x = input('x', 'float32', [2])
function deep(depth: number): Tensor {
  let t = x
  for (let i = 0; i < depth / 4; i++) t = add(mul(neg(mul(t, 0.5)), -2), mul(x, 0))
  return sum(t)
}
for (const n of [1000, 2000, 4000]) test(String(n), () => {
  const a = performance.now()
  const l = deep(n)
  const b = performance.now()
  const g = grad(l, [x])
  const c = performance.now()
  const s = simplify([l, ...g])
  const d = performance.now()
  toOnnx({ l, g: g[0] as Tensor }, { target: 'cpu' })
  console.log(n, b - a, c - b, d - c, performance.now() - d, s.length)
})
