// The arithmetic without Node, on several threads at once, also for ThreadSanitizer (scripts/sanitize.mjs).
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "blas.h"
#include "cholesky.h"
#include "least_squares.h"
#include "narrow.h"
#include "normal_equations.h"
#include "parallel.h"
#include "peel.h"
#include "plain.h"
#include "predict.h"
#include "step.h"
#include "sweep.h"
#include "tangent.h"
#include "triangle.h"
#include "warp.h"

using namespace bpls;
using plain::at;
using plain::distance;
using plain::draw;
using plain::Values;

namespace {

constexpr int thread_counts[] = {1, 2, 3, 7};

/// Whatever the number of threads, the same up to rounding: units of ε · max.
constexpr double limit = 300;

Values<double> gram_of(const Values<double>& a, std::int64_t rows, std::int64_t n) {
  return plain::product(plain::transposed(a, rows, n), a, n, rows, n);
}

}  // namespace

TEST_CASE("parallel_for covers every index once, call after call") {
  for (const int threads : thread_counts) {
    set_threads(threads);
    for (std::int64_t count = 0; count < 400; ++count) {
      std::vector<int> seen(static_cast<std::size_t>(count));
      parallel_for(count, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
      });
      CHECK(std::all_of(seen.begin(), seen.end(), [](int times) { return times == 1; }));
    }
  }
}

TEST_CASE("parallel_for wakes workers that have gone to sleep, and leaves alone those without a part") {
  for (const int threads : {7, 2, 5, 3, 7}) {
    set_threads(threads);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::vector<double> parts(static_cast<std::size_t>(threads));
    parallel_parts(threads, 1,
                   [&](int part, std::int64_t, std::int64_t) { parts[static_cast<std::size_t>(part)] = part; });
    for (int part = 0; part < threads; ++part) CHECK(plain::at(parts, part) == part);
  }
}

TEST_CASE("a thread that does not ask for more has one") {
  set_threads(4);
  std::thread([] { CHECK(parts_of(1000, 1) == 1); }).join();
  CHECK(parts_of(1000, 1) == 4);
}

TEST_CASE_TEMPLATE("products", T, double, float) {
  Scratch scratch;
  const std::int64_t m = 301, k = 143, n = 97;
  const auto a = draw<T>(m * k, 1), b = draw<T>(k * n, 2), w = draw<T>(m * n, 3);
  const auto expected = plain::product(a, b, m, k, n);
  const auto gram = gram_of({a.begin(), a.end()}, m, k);
  for (const int threads : thread_counts) {
    set_threads(threads);
    Values<T> c(static_cast<std::size_t>(m * n)), g(static_cast<std::size_t>(k * k)), y(static_cast<std::size_t>(k));
    gemm(no_trans, no_trans, m, n, k, T(1), a.data(), k, b.data(), n, T(0), c.data(), n);
    CHECK(distance(c.data(), expected) < limit);
    syrk(k, m, T(1), a.data(), k, g.data(), k, scratch);
    CHECK(distance(g.data(), gram, k) < limit);
    gemv_trans(m, k, T(1), a.data(), k, w.data(), y.data());
    CHECK(distance(y.data(), plain::product(w, a, 1, m, k)) < limit);
  }
}

TEST_CASE_TEMPLATE("a wide triangle, of more rows than it takes at a time", T, double, float) {
  Scratch scratch;
  const std::int64_t rows = 800, n = 400;
  const auto a = draw<T>(rows * n, 4);
  const auto expected = gram_of({a.begin(), a.end()}, rows, n);
  for (const int threads : thread_counts) {
    set_threads(threads);
    scratch.reset();
    Values<T> gram(static_cast<std::size_t>(n * n));
    syrk(n, rows, T(1), a.data(), n, gram.data(), n, scratch);
    CHECK(distance(gram.data(), expected, n) < limit);
  }
}

TEST_CASE_TEMPLATE("images through maps", T, double, float) {
  const ImageShape shape{7, 5, 3};
  const std::int64_t count = 2000;
  const auto images = draw<T>(count * shape.size(), 8);
  const auto maps = draw<double>(count * map_size, 9);
  Values<T> one(images.size()), many(images.size());
  set_threads(1);
  warp(images.data(), count, shape, maps.data(), one.data());
  for (const int threads : thread_counts) {
    set_threads(threads);
    std::fill(many.begin(), many.end(), T(9));
    warp(images.data(), count, shape, maps.data(), many.data());
    CHECK(many == one);
  }
}

TEST_CASE_TEMPLATE("a triangle from many rows, each thread with its own sums", T, double, float) {
  Scratch scratch;
  const std::int64_t rows = 60000, n = 12;
  const auto a = draw<T>(rows * n, 4);
  const auto expected = gram_of(plain::with_ones(a, rows, n), rows, n + 1);
  for (const int threads : thread_counts) {
    set_threads(threads);
    scratch.reset();
    Values<T> gram(static_cast<std::size_t>((n + 1) * (n + 1)));
    accumulate_gram(a.data(), rows, n, gram.data(), scratch);
    CHECK(distance(gram.data(), expected, n + 1) < 30 * limit);
  }
}

TEST_CASE_TEMPLATE("narrow products", T, double, float) {
  Scratch scratch;
  const std::int64_t rows = 20011, n = 37, m = 10;
  const auto a = draw<T>(rows * n, 5), v = draw<T>(n * m, 6), b = draw<T>(rows * m, 7);
  const auto expected = plain::product(a, v, rows, n, m);
  const auto rhs = plain::product(plain::transposed(a, rows, n), b, n, rows, m);
  for (const int threads : thread_counts) {
    set_threads(threads);
    scratch.reset();
    Values<T> z(static_cast<std::size_t>(rows * m)), c(static_cast<std::size_t>(n * m)), twice = c;
    multiply_narrow(a.data(), v.data(), rows, n, m, z.data(), scratch);
    CHECK(distance(z.data(), expected) < limit);
    accumulate_narrow(a.data(), b.data(), rows, n, m, T(1), c.data(), scratch);
    CHECK(distance(c.data(), rhs) < 30 * limit);
    // The rows of Z become those of B, so that the sum is that of AᵀB again.
    const auto revise = [&](std::int64_t begin, std::int64_t end) {
      std::copy(b.begin() + begin * m, b.begin() + end * m, z.begin() + begin * m);
    };
    revise_narrow(a.data(), v.data(), rows, n, m, revise, z.data(), twice.data(), scratch);
    CHECK(distance(twice.data(), rhs) < 30 * limit);
  }
}

TEST_CASE_TEMPLATE("normal equations and their solution", T, double, float) {
  Scratch scratch;
  const std::int64_t rows = 500, n = 61, p = n + 1, m = 45;
  const auto a = draw<T>(rows * n, 8), w = draw<T>(p * m, 9);
  const auto ones = plain::with_ones(a, rows, n);
  const auto exact = plain::product(ones, w, rows, p, m);
  const Values<T> b(exact.begin(), exact.end());
  for (const int threads : thread_counts) {
    set_threads(threads);
    scratch.reset();
    Values<T> gram(static_cast<std::size_t>(p * p)), factor = gram;
    Values<T> rhs(static_cast<std::size_t>(p * m)), solution = rhs, again = rhs, rest = rhs;
    accumulate_gram(a.data(), rows, n, gram.data(), scratch);
    accumulate_rhs(a.data(), b.data(), rows, n, m, rhs.data(), scratch);
    const auto outcome =
        solve_cholesky(gram.data(), p, T(1), T(0), T(0), rhs.data(), m, factor.data(), solution.data(), scratch);
    CHECK(outcome.info == 0);
    CHECK(outcome.rcond > 1e-3);
    CHECK(distance(solution.data(), w) < 30 * limit);
    solve_factored(factor.data(), p, rhs.data(), m, again.data(), scratch);
    CHECK(distance(again.data(), w) < 30 * limit);
    accumulate_residual(a.data(), b.data(), w.data(), rows, n, m, rest.data(), scratch);
    // Nothing is left of B but its rounding.
    for (std::size_t i = 0; i < rest.size(); ++i) rest[i] += rhs[i];
    CHECK(distance(rest.data(), rhs) < 30 * limit);
  }
}

TEST_CASE_TEMPLATE("a solution by a factor of several blocks, shared out", T, double, float) {
  // So large that the factor is made by several threads.
  const std::int64_t n = 2100, rows = 500, m = 2;
  Scratch scratch;
  set_threads(2);
  const auto a = draw<T>(rows * n, 10), x = draw<T>(m * n, 18);
  Values<T> gram(static_cast<std::size_t>(n * n));
  syrk(n, rows, T(1), a.data(), n, gram.data(), n, scratch);
  for (std::int64_t i = 0; i < n; ++i) gram[static_cast<std::size_t>(i * n + i)] += T(rows);
  Values<T> whole = gram;
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < i; ++j) whole[static_cast<std::size_t>(j * n + i)] = at(gram, i * n + j);
  const auto exact = plain::product(x, whole, m, n, n);
  for (const int threads : thread_counts) {
    set_threads(threads);
    Values<T> factor = gram, solution(exact.begin(), exact.end());
    REQUIRE(posv_shared(n, m, factor.data(), solution.data()) == 0);
    CHECK(distance(solution.data(), x) < limit);
    // The order of the first leading minor that is not positive, in the second block.
    factor = gram;
    factor[static_cast<std::size_t>(400 * n + 400)] = T(-1);
    CHECK(posv_shared(n, m, factor.data(), solution.data()) == 401);
  }
}

TEST_CASE_TEMPLATE("the SVD, the triangle, the pseudo-inverse and an orthonormal basis", T, double, float) {
  Scratch scratch;
  const std::int64_t rows = 800, n = 30, m = 4;
  const auto a = draw<T>(rows * n, 11), w = draw<T>(n * m, 12);
  const auto exact = plain::product(a, w, rows, n, m);
  const Values<T> b(exact.begin(), exact.end());
  for (const int threads : thread_counts) {
    set_threads(threads);
    scratch.reset();
    Values<T> x(static_cast<std::size_t>(n * m)), inverse(static_cast<std::size_t>(n * rows)), q = a;
    const auto svd = solve_svd(a.data(), rows, n, b.data(), m, std::numeric_limits<T>::epsilon(), x.data(), scratch);
    CHECK(svd.info == 0);
    CHECK(svd.rank == n);
    CHECK(distance(x.data(), w) < limit);
    Values<T> r(static_cast<std::size_t>((n + 1) * (n + 1)));
    accumulate_triangle<T>(a.data(), nullptr, rows, n, r.data(), scratch);
    for (std::int64_t i = 0; i <= n; ++i) std::fill_n(r.begin() + i * (n + 1), i, T(0));
    const auto square = gram_of({r.begin(), r.end()}, n + 1, n + 1);
    const auto gram = gram_of(plain::with_ones(a, rows, n), rows, n + 1);
    Values<T> rounded(square.begin(), square.end());
    CHECK(distance(rounded.data(), gram) < limit);
    CHECK(pseudo_inverse(a.data(), rows, n, inverse.data(), scratch).info == 0);
    Values<double> identity(static_cast<std::size_t>(n * n));
    for (std::int64_t i = 0; i < n; ++i) identity[static_cast<std::size_t>(i * n + i)] = 1;
    auto near = plain::product(inverse, a, n, rows, n);
    Values<T> near_t(near.begin(), near.end());
    CHECK(distance(near_t.data(), identity) < limit);
    orthonormalise(q.data(), rows, n, scratch);
    near = gram_of({q.begin(), q.end()}, rows, n);
    near_t.assign(near.begin(), near.end());
    CHECK(distance(near_t.data(), identity) < limit);
  }
}

TEST_CASE_TEMPLATE("an orthonormal basis by several blocks of reflectors", T, double, float) {
  Scratch scratch;
  const std::int64_t rows = 900, n = 200;
  Values<double> identity(static_cast<std::size_t>(n * n));
  for (std::int64_t i = 0; i < n; ++i) identity[static_cast<std::size_t>(i * n + i)] = 1;
  for (const int threads : thread_counts) {
    set_threads(threads);
    scratch.reset();
    auto q = draw<T>(rows * n, 13);
    orthonormalise(q.data(), rows, n, scratch);
    const auto near = gram_of({q.begin(), q.end()}, rows, n);
    Values<T> near_t(near.begin(), near.end());
    CHECK(distance(near_t.data(), identity) < limit);
  }
}

namespace {

/// A network of two hidden layers, its samples and labels.
template <typename T>
struct Problem {
  static constexpr std::int64_t rows = 700, cols = 33, classes = 5;
  Values<T> x = draw<T>(rows * cols, 20);
  plain::Stack<T> hidden{cols, {41, 29}, 21};
  plain::Stack<T> top{29, {classes}, 25, Activation::identity};
  std::vector<std::int32_t> labels;
  Samples<T> samples{x.data(), rows, cols};
  Targets<T> targets;

  Problem() {
    for (std::int32_t i = 0; i < rows; ++i) labels.push_back(i * i % classes);
    targets.labels = labels.data();
    targets.samples = Demand::margin;
  }
  const Layer<T>& output() const { return top.network[0]; }

  /// T* − Z, one-sided.
  Values<double> residual(const std::vector<Values<double>>& values) const {
    Values<double> r = plain::forward(top.network, values.back(), rows).back();
    for (std::int64_t i = 0; i < rows * classes; ++i) {
      double& z = r[static_cast<std::size_t>(i)];
      z = plain::at(labels, i / classes) == i % classes ? std::max(1.0 - z, 0.0) : std::min(-1.0 - z, 0.0);
    }
    return r;
  }
};

}  // namespace

TEST_CASE_TEMPLATE("a sweep, with a cache and in batches, and the step that follows", T, double, float) {
  const Problem<T> problem;
  const std::int64_t rows = problem.rows;
  const auto values = plain::forward(problem.hidden.network, problem.x, rows);
  const auto r = problem.residual(values);
  const auto ones = plain::with_ones(values[2], rows, 29);
  const auto rhs = plain::product(plain::transposed(ones, rows, 30), r, 30, rows, 5);
  const auto gram = gram_of(ones, rows, 30);
  for (const int threads : thread_counts) {
    set_threads(threads);
    Scratch scratch;
    Values<T> cache(static_cast<std::size_t>(rows * 70));
    Values<T> g0(34 * 34), g1(42 * 42), g2(30 * 30), output_rhs(30 * 5), rhs0(34 * 41), rhs1(42 * 29);
    Values<T> slopes0(41 * 41), slopes1(29 * 29), share(5);
    std::vector<std::uint8_t> marks(static_cast<std::size_t>(rows));
    Accumulators<T> into;
    into.grams = {g0.data(), g1.data(), g2.data()};
    into.output_rhs = output_rhs.data();
    into.hidden_rhs = {rhs0.data(), rhs1.data()};
    into.slopes = {slopes0.data(), slopes1.data()};
    into.marks = marks.data();
    into.share = share.data();
    double squares = 0;
    for (const auto& [start, count] : {std::pair{0, 256}, {256, 256}, {512, 188}}) {
      scratch.reset();
      const Cache<T> kept{cache.data(), rows, start, nullptr};
      into.clear = start == 0;
      squares += sweep(problem.hidden.network, problem.output(), problem.samples, Rows{start, count}, kept, false,
                       &problem.targets, into, scratch)
                     .squares;
    }
    double expected = 0;
    for (const double value : r) expected += value * value;
    CHECK(squares == doctest::Approx(expected).epsilon(1e-4));
    CHECK(distance(output_rhs.data(), rhs) < limit);
    CHECK(distance(g2.data(), gram, 30) < limit);
    CHECK(distance(cache.data() + rows * 41, values[2]) < limit);

    curvature(problem.hidden.network, problem.output(), share.data(), rows, rows, {slopes0.data(), slopes1.data()},
              scratch);
    Values<T> change(42 * 29);
    const auto step = two_sided_step(g1.data(), 41, slopes1.data(), 29, rhs1.data(), problem.hidden.weights[1].data(),
                                     rows, T(0.01), T(0.1), change.data(), scratch);
    CHECK(step.info == 0);
    CHECK(step.rcond_gram > 0);
    // The step goes along the gradient.
    double slope = 0;
    for (std::size_t i = 0; i < change.size(); ++i)
      slope += static_cast<double>(change[i]) *
               (static_cast<double>(rhs1[i]) / static_cast<double>(rows) -
                (i < 41 * 29 ? 0.01 * static_cast<double>(problem.hidden.weights[1][i]) : 0));
    CHECK(slope > 0);
    Values<T> moved = change, next(change.size());
    combine(problem.hidden.weights[1].data(), change.data(), T(2), T(-1), static_cast<std::int64_t>(change.size()),
            moved.data(), next.data());
    CHECK(distance(moved.data(), change) < limit);

    // What the change does to the outputs, by forward differentiation.
    const Values<T> none(34 * 41);
    Values<T> first(30 * 5), second(30 * 5);
    const auto sums = tangent(problem.hidden.network, problem.output(), {{none.data(), change.data()}}, problem.samples,
                              Rows{0, rows}, Cache<T>{}, problem.targets, {first.data(), second.data()}, true, scratch);
    auto z = plain::product(plain::with_ones(values[1], rows, 41), change, rows, 42, 29);
    for (std::size_t i = 0; i < z.size(); ++i) z[i] *= 1 - values[2][i] * values[2][i];
    const Values<T> v(problem.output().weights, problem.output().weights + 29 * 5);
    const auto dz = plain::product(z, v, rows, 29, 5);
    double inner = 0;
    for (std::size_t i = 0; i < dz.size(); ++i) inner += r[i] * dz[i];
    CHECK(sums.slope[0] == doctest::Approx(inner).epsilon(1e-3));
  }
}

TEST_CASE_TEMPLATE("the paper's pass", T, double, float) {
  const Problem<T> problem;
  const std::int64_t rows = problem.rows;
  const auto values = plain::forward(problem.hidden.network, problem.x, rows);
  const auto wanted = draw<T>(rows * problem.classes, 30);
  Targets<T> targets;
  targets.values = wanted.data();
  const auto ones = plain::with_ones(values[2], rows, 29);
  const auto expected = plain::product(plain::transposed(ones, rows, 30), wanted, 30, rows, 5);
  for (const int threads : thread_counts) {
    set_threads(threads);
    Scratch scratch;
    Values<T> gram(30 * 30), rhs(30 * 5);
    PeeledLayer<T> into;
    into.gram = gram.data();
    into.rhs = rhs.data();
    into.clear = true;
    peel(problem.hidden.network, problem.output(), {}, Rule::nearest, problem.samples, Rows{0, rows}, Cache<T>{},
         targets, into, scratch);
    CHECK(distance(rhs.data(), expected) < limit);
    CHECK(distance(gram.data(), gram_of(ones, rows, 30), 30) < limit);
  }
}

TEST_CASE_TEMPLATE("predictions on other threads beside a pass of the lane", T, double, float) {
  const Problem<T> problem;
  const auto values = plain::forward(problem.hidden.network, problem.x, problem.rows);
  std::atomic<bool> running = true;
  std::atomic<int> wrong = 0, made = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller)
    callers.emplace_back([&] {
      Scratch scratch;
      const Samples<T> few{problem.x.data(), 20, problem.cols};
      Values<T> outputs(20 * 29);
      const Values<double> expected(values[2].begin(), values[2].begin() + 20 * 29);
      do {
        scratch.reset();
        predict_here(problem.hidden.network, few, outputs.data(), scratch);
        if (!(distance(outputs.data(), expected) < limit)) ++wrong;
        ++made;
      } while (running);
    });
  Scratch scratch;
  set_threads(3);
  Values<T> gram(30 * 30), first;
  for (int pass = 0; pass < 20; ++pass) {
    scratch.reset();
    Accumulators<T> into;
    into.grams = {nullptr, nullptr, gram.data()};
    into.clear = true;
    sweep<T>(problem.hidden.network, problem.output(), problem.samples, Rows{0, problem.rows}, Cache<T>{}, false,
             nullptr, into, scratch);
    if (pass == 0) first = gram;
    CHECK(gram == first);
  }
  running = false;
  for (std::thread& caller : callers) caller.join();
  CHECK(made >= 3);
  CHECK(wrong == 0);
}
