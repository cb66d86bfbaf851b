#include "dense.h"

#include <algorithm>
#include <cstring>

#include "aligned_buffer.h"
#include "bf16_vectors.h"
#include "worker_pool.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512bf16")

namespace espalier {
namespace {

// Rows whose sums are in registers at the same time.
constexpr int kRows = 8;
// Pairs of inputs that are multiplied between loading and storing the sums of a row.
constexpr int kPairs = 8;
// Parts of the inputs that threads share. Their sums are added at the end. The number is the same on every machine,
// so that the sums are equal.
constexpr int kParts = 16;
// Inputs of a task in the gradients, a multiple of both kVector and kKernelRows.
constexpr int kInputs = 64;
// Rows of the kernel that share the loaded values of the gradient.
constexpr int kKernelRows = 4;

// Calls the instance of the function for a number of rows from 1 to kRows.
template <template <int> class Function, int Rows = kRows, typename... Arguments>
inline void WithRows(int rows, Arguments&&... arguments) {
  if constexpr (Rows > 1) {
    if (rows < Rows) return WithRows<Function, Rows - 1>(rows, arguments...);
  }
  Function<Rows>::Run(arguments...);
}

// Adds the products of some rows with kPairs pairs of inputs and sixteen units to the sums of the rows.
template <int Rows>
struct AddPairs {
  static inline void Run(const __m512i (&factors)[kPairs], const uint16_t* input, size_t input_stride, float* sums,
                         size_t sum_stride) {
    __m512 sum[Rows];
    for (int row = 0; row < Rows; ++row) sum[row] = _mm512_load_ps(sums + row * sum_stride);
#pragma GCC unroll 8
    for (int pair = 0; pair < kPairs; ++pair) {
#pragma GCC unroll 8
      for (int row = 0; row < Rows; ++row) {
        sum[row] = AddProducts(sum[row], LoadPair(input + row * input_stride + 2 * pair), factors[pair]);
      }
    }
    for (int row = 0; row < Rows; ++row) _mm512_store_ps(sums + row * sum_stride, sum[row]);
  }
};

// Adds the products of the inputs from `first` to `end` to the sums [rows, units].
void AddInputs(const DenseShape& shape, const uint16_t* input, const float* kernel, int first, int end, float* sums) {
  for (; first < end; first += 2 * kPairs) {
    const float* block = kernel + static_cast<size_t>(first) * shape.units;
    for (int unit = 0; unit < shape.units; unit += kVector) {
      __m512i factors[kPairs];
#pragma GCC unroll 8
      for (int pair = 0; pair < kPairs; ++pair) {
        const float* from = block + static_cast<size_t>(2 * pair) * shape.units + unit;
        factors[pair] = PairUp(_mm512_loadu_ps(from), _mm512_loadu_ps(from + shape.units));
      }
      for (int row = 0; row < shape.rows; row += kRows) {
        WithRows<AddPairs>(shape.rows - row, factors, input + static_cast<size_t>(row) * shape.inputs + first,
                           static_cast<size_t>(shape.inputs), sums + static_cast<size_t>(row) * shape.units + unit,
                           static_cast<size_t>(shape.units));
      }
    }
  }
}

// The products of two rows of a kernel with some rows of the gradient, summed over all units: [rows, kInputs] floats.
template <int Rows>
struct MultiplyTwoInputs {
  static inline void Run(const float* kernel, const uint16_t* gradient, int units, float* products) {
    __m512 sum[2][Rows];
    for (int row = 0; row < Rows; ++row) sum[0][row] = sum[1][row] = _mm512_setzero_ps();
    for (int unit = 0; unit < units; unit += 2 * kVector) {
      __m512bh factor[2];
#pragma GCC unroll 2
      for (int i = 0; i < 2; ++i) {
        const float* from = kernel + static_cast<size_t>(i) * units + unit;
        factor[i] = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(from + kVector), _mm512_loadu_ps(from));
      }
#pragma GCC unroll 8
      for (int row = 0; row < Rows; ++row) {
        const __m512bh other = reinterpret_cast<__m512bh>(
            _mm512_loadu_si512(gradient + static_cast<size_t>(row) * units + unit));
        sum[0][row] = _mm512_dpbf16_ps(sum[0][row], factor[0], other);
        sum[1][row] = _mm512_dpbf16_ps(sum[1][row], factor[1], other);
      }
    }
    for (int row = 0; row < Rows; ++row) {
      products[row * kInputs] = _mm512_reduce_add_ps(sum[0][row]);
      products[row * kInputs + 1] = _mm512_reduce_add_ps(sum[1][row]);
    }
  }
};

// Pairs each row with the next one, and the last row of an odd number with zeros: words [rows / 2 rounded up, size].
void PairRows(const uint16_t* rows, int count, int size, Pair* pairs) {
  for (int row = 0; row < count; row += 2, pairs += size) {
    const uint16_t* first = rows + static_cast<size_t>(row) * size;
    for (int i = 0; i < size; i += kVector) {
      const __m512i second = row + 1 < count ? LoadLow(first + size + i) : _mm512_setzero_si512();
      _mm512_store_si512(pairs + i, PairUp(LoadLow(first + i), second));
    }
  }
}

}  // namespace

void Dense(const DenseShape& shape, const uint16_t* input, const float* kernel, const float* bias, bool relu,
           uint16_t* output) {
  const int steps = shape.inputs / (2 * kPairs);
  const int parts = std::min(kParts, steps);
  const size_t part_sums = static_cast<size_t>(shape.rows) * shape.units;
  static thread_local AlignedBuffer buffer;
  float* const sums = buffer.Reserve<float>(parts * part_sums);
  ParallelFor(parts, [&](int part) {
    float* of_part = sums + part * part_sums;
    std::memset(of_part, 0, part_sums * sizeof(float));
    const auto border = [&](int index) {
      return static_cast<int>(static_cast<int64_t>(steps) * index / parts) * 2 * kPairs;
    };
    AddInputs(shape, input, kernel, border(part), border(part + 1), of_part);
  });
  ParallelFor(shape.rows, [&](int row) {
    for (int unit = 0; unit < shape.units; unit += kVector) {
      const size_t place = static_cast<size_t>(row) * shape.units + unit;
      __m512 total = _mm512_loadu_ps(bias + unit);
      for (int part = 0; part < parts; ++part) {
        total = _mm512_add_ps(total, _mm512_load_ps(sums + part * part_sums + place));
      }
      // With the operands in this order, NaN stays NaN.
      if (relu) total = _mm512_max_ps(_mm512_setzero_ps(), total);
      StoreBf16(output + place, total);
    }
  });
}

void DenseBackpropInput(const DenseShape& shape, const float* kernel, const uint16_t* gradient,
                        uint16_t* input_gradient) {
  ParallelFor((shape.inputs + kInputs - 1) / kInputs, [&](int task) {
    const int first = task * kInputs, end = std::min(first + kInputs, shape.inputs);
    alignas(64) float products[kRows * kInputs];
    for (int row = 0; row < shape.rows; row += kRows) {
      const int rows = std::min(kRows, shape.rows - row);
      for (int input = first; input < end; input += 2) {
        WithRows<MultiplyTwoInputs>(rows, kernel + static_cast<size_t>(input) * shape.units,
                                    gradient + static_cast<size_t>(row) * shape.units, shape.units,
                                    products + (input - first));
      }
      for (int r = 0; r < rows; ++r) {
        uint16_t* to = input_gradient + static_cast<size_t>(row + r) * shape.inputs;
        for (int input = first; input < end; input += kVector) {
          StoreBf16(to + input, _mm512_load_ps(products + r * kInputs + input - first));
        }
      }
    }
  });
}

void DenseBackpropKernel(const DenseShape& shape, const uint16_t* input, const uint16_t* gradient,
                         float* kernel_gradient, float* bias_gradient) {
  const int pairs = (shape.rows + 1) / 2;
  static thread_local AlignedBuffer buffer;
  Pair* const inputs = buffer.Reserve<Pair>(static_cast<size_t>(pairs) * (shape.inputs + shape.units));
  Pair* const gradients = inputs + static_cast<size_t>(pairs) * shape.inputs;
  PairRows(input, shape.rows, shape.inputs, inputs);
  PairRows(gradient, shape.rows, shape.units, gradients);
  ParallelFor((shape.inputs + kInputs - 1) / kInputs, [&](int task) {
    const int end = std::min((task + 1) * kInputs, shape.inputs);
    for (int first = task * kInputs; first < end; first += kKernelRows) {
      float* to = kernel_gradient + static_cast<size_t>(first) * shape.units;
      for (int unit = 0; unit < shape.units; unit += kVector) {
        __m512 sum[kKernelRows];
        for (int i = 0; i < kKernelRows; ++i) sum[i] = _mm512_setzero_ps();
        for (int pair = 0; pair < pairs; ++pair) {
          const __m512i factor = _mm512_load_si512(gradients + static_cast<size_t>(pair) * shape.units + unit);
          const Pair* words = inputs + static_cast<size_t>(pair) * shape.inputs + first;
#pragma GCC unroll 4
          for (int i = 0; i < kKernelRows; ++i) {
            sum[i] = AddProducts(sum[i], words[i], factor);
          }
        }
        // Bypasses the caches: the gradient is larger than they are, and is next read from its beginning.
        for (int i = 0; i < kKernelRows; ++i) {
          _mm512_stream_ps(to + static_cast<size_t>(i) * shape.units + unit, sum[i]);
        }
      }
    }
    _mm_sfence();
  });
  for (int unit = 0; unit < shape.units; unit += kVector) {
    __m512 sum = _mm512_setzero_ps();
    for (int row = 0; row < shape.rows; ++row) {
      sum = _mm512_add_ps(sum, LoadBf16(gradient + static_cast<size_t>(row) * shape.units + unit));
    }
    _mm512_storeu_ps(bias_gradient + unit, sum);
  }
}

}  // namespace espalier

#pragma GCC pop_options
