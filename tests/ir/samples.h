// `.nn` texts that together use every form of the language.
#pragma once

#include <string>

namespace nnc {

inline const std::string kSamples[] = {
    R"(# 784-128-64-10 digit classifier
model MnistMlp(hidden1 = 128, hidden2 = 64, classes = 10) {
  input image: u8[B, 28, 28]
  x = flatten(cast(image, f32) / 255)
  h = relu(linear(x, hidden1))
  h = relu(linear(h, hidden2))
  output logits = linear(h, classes)
}
train MnistMlp {
  data      idx("mnist")              # folder, relative to this file; --data replaces it
  target    digit: i32[B]
  loss      cross_entropy(logits, digit)
  metric    accuracy(logits, digit)
  optimizer adam(lr = 1e-3)
  batch 64
  epochs 5
  seed 0
}
)",
    R"(model Cnn {
  input x: f32[B, 1, 28, 28]
  h = max_pool(relu(conv(x, 16, kernel = 3, pad = 1)), 2)
  h = max_pool(relu(batch_norm(conv(h, 32, kernel = 3, pad = 1))), 2)
  output logits = linear(flatten(h), 10)
}
model CharLstm(V, H = 256) {
  input token: i32[B, T]
  e = embedding(token, V, 128)
  hs = scan e as x over T carry h = zeros[B, H], c = zeros[B, H] {
    i, f, g, o = split(linear(concat(x, h), 4 * H), 4)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h = sigmoid(o) * tanh(c)
    yield h
  }
  output logits = linear(hs, V)
}
)",
    R"(block Decoder(D, heads, p = 0.1)(x: f32[B, T, D]) -> f32[B, T, D] {
  q, k, v = split(linear(layer_norm(x), 3 * D), 3)
  x = x + dropout(linear(attention(q, k, v, heads, causal = true), D), p)
  return x + dropout(linear(gelu(linear(layer_norm(x), 4 * D)), D), p)
}
model Gpt(V, T, D = 384, L = 6, heads = 6) {
  input token: i32[B, T]
  param wte: f32[V, D] = normal(0, 0.02)
  param wpe: f32[T, D] = normal(0, 0.02)
  h = gather(wte, token) + wpe
  repeat L as blocks { h = Decoder(D, heads)(h) }
  output logits = dot(layer_norm(h), transpose(wte))
}
)",
    R"(block Two(n = 2)(a: f32[B, 28*28], b: f64) -> f32[B], f64[] {
  t = a[0:2, :, ::-1, n] ** -2 ** 3 - -1 / (b - (1 - 2.5e-7))
  u, w = w, (t,)
  ok = not (t < 1 or t >= 2) and (t != inf) == false
  s = [1, -9223372036854775808, "tab\t \"q\" \x01é"]
  repeat 2 * n { t = (-t) ** 2 + (not ok) }
  ys, zs = scan t as p, u as q over T + 1 {
    yield p, q * (p + q), (a == b) == c
  }
  input, output, scan, repeat = yield(return, param = carry)(over)[as]
  return t, b
}
model M {
  output a, b
  output c = scan(x)
}
)",
    R"(graph Net.step(image: u8[B, 4], "odd name": f32[]) {
  h.weight = param(path = "h.weight") : f32[4, 2]
  cast = cast(image) : f32[B, 4]
  h.dot = dot(cast, h.weight, lhs_contract = [1], rhs_contract = [0]) : f32[B, 2]
  late = neg("odd name")
  scan.r0, scan.r1 = scan(h.dot, carries = 0, scanned = 1, length = B) (row: f32[2]) {
    neg = neg(row) : f32[2]
    output y = neg
    output z = neg
  } : f32[B, 2], f32[B, 2]
  reduce = reduce(scan.r0, scan.r1, monoid = add, axes = [0, 1])
  output logits = h.dot
  write h.weight = h.weight
}
)"};

}  // namespace nnc
