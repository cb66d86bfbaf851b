// Computes for each position (kh, kw) of the kernel, each channel c and each filter f
//
//   kernel_gradient[kh, kw, c, f] = sum over images, h and w of
//                                   input[h + kh - 1, w + kw - 1, c] * gradient[h, w, f]
//
// The instruction VDPBF16PS multiplies pairs of bf16 numbers and adds both products to a float, so the sum is taken
// over pairs of neighbors in a row. Rows are packed first: two neighbors of one channel become one 32-bit word. An
// input row is packed twice, in pairs that begin at even and at odd columns, since the left and right columns of the
// kernel read it shifted by one.
//
// Some packed rows, or whole small images, fit in the second-level cache and are used for all nine positions. A tile
// of (channels x filters) sums stays in registers while the products of a span of pairs are added.

#include "conv2d_backprop_filter.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "aligned_buffer.h"
#include "bf16_vectors.h"
#include "worker_pool.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512bf16")

namespace espalier {
namespace {

constexpr int kPlaces = 9;   // positions of a 3 x 3 kernel

// Words of packed rows that are processed together: 400 KB, so that they and the sums fit in 1 MB of cache.
constexpr size_t kPackedWords = 100 * 1024;
// Pairs between loading and storing a tile of sums. Longer spans do not fit in the first-level cache.
constexpr int kSpanPairs = 256;
// Minimum number of blocks in a call, so that threads end at about the same time.
constexpr int kMinBlocks = 8;
// Minimum number of pixels in a block, since each block clears its sums and adds them to the result.
constexpr int kMinPixelsPerBlock = 512;

// Pairs a pixel with its right neighbor. Null stands for zeros.
inline void PackPair(const uint16_t* left, const uint16_t* right, int channels, Pair* packed) {
  for (int c = 0; c < channels; c += kVector) {
    const __m512i first = left == nullptr ? _mm512_setzero_si512() : LoadLow(left + c);
    const __m512i second = right == nullptr ? _mm512_setzero_si512() : LoadLow(right + c);
    _mm512_store_si512(packed + c, PairUp(first, second));
  }
}

// Packs the columns (0, 1), (2, 3), ...: EvenPairs(width) pairs of `channels` words. Pixels are `stride` numbers
// apart.
inline void PackFromEven(const uint16_t* row, int width, int stride, int channels, Pair* packed) {
  for (int w = 0; w + 1 < width; w += 2, packed += channels) {
    const uint16_t* left = row + static_cast<size_t>(w) * stride;
    PackPair(left, left + stride, channels, packed);
  }
  const uint16_t* last = row + static_cast<size_t>(width - 1) * stride;
  if (width % 2 == 1) PackPair(last, nullptr, channels, packed);
}

// Packs the columns (-1, 0), (1, 2), ...: one pair more.
inline void PackFromOdd(const uint16_t* row, int width, int stride, int channels, Pair* packed) {
  PackPair(nullptr, row, channels, packed);
  packed += channels;
  for (int w = 1; w + 1 < width; w += 2, packed += channels) {
    const uint16_t* left = row + static_cast<size_t>(w) * stride;
    PackPair(left, left + stride, channels, packed);
  }
  const uint16_t* last = row + static_cast<size_t>(width - 1) * stride;
  PackPair(width % 2 == 0 ? last : nullptr, nullptr, channels, packed);
}

inline int EvenPairs(int width) { return (width + 1) / 2; }

// Adds the products of `count` rows to a tile of Channels x (Vectors * 16) sums. The inputs of row r begin at
// inputs[r] + offset, with a pair every `channels` words; its gradients are dense. The function is not inlined, so
// that registers hold the sums and not the pointers of the caller.
template <int Channels, int Vectors>
__attribute__((noinline)) void AddToTile(const Pair* const* inputs, const Pair* const* gradients, int count,
                                         int pairs, size_t offset, int channels, float* sums) {
  constexpr int kFilters = Vectors * kVector;
  __m512 sum[Channels][Vectors];
  for (int c = 0; c < Channels; ++c) {
    for (int v = 0; v < Vectors; ++v) sum[c][v] = _mm512_load_ps(sums + c * kFilters + v * kVector);
  }
  for (int row = 0; row < count; ++row) {
    const Pair* input = inputs[row] + offset;
    const Pair* gradient = gradients[row];
    for (int pair = 0; pair < pairs; ++pair, input += channels, gradient += kFilters) {
      __m512i factor[Vectors];
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) factor[v] = _mm512_load_si512(gradient + v * kVector);
#pragma GCC unroll 16
      for (int c = 0; c < Channels; ++c) {
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) sum[c][v] = AddProducts(sum[c][v], input[c], factor[v]);
      }
    }
  }
  for (int c = 0; c < Channels; ++c) {
    for (int v = 0; v < Vectors; ++v) _mm512_store_ps(sums + c * kFilters + v * kVector, sum[c][v]);
  }
}

// Adds the gradients of a packed row to the gradient of the bias.
inline void AddToBias(const Pair* packed, int pairs, int filters, float* bias) {
  for (int f = 0; f < filters; f += kVector) {
    __m512 left = _mm512_setzero_ps(), right = left;
    for (int pair = 0; pair < pairs; ++pair) {
      const __m512i both = _mm512_load_si512(packed + static_cast<size_t>(pair) * filters + f);
      left = _mm512_add_ps(left, _mm512_castsi512_ps(_mm512_slli_epi32(both, 16)));
      right = _mm512_add_ps(
          right, _mm512_castsi512_ps(_mm512_and_si512(both, _mm512_set1_epi32(static_cast<int>(0xffff0000u)))));
    }
    const __m512 row = _mm512_add_ps(left, right);
    _mm512_storeu_ps(bias + f, _mm512_add_ps(_mm512_loadu_ps(bias + f), row));
  }
}

// A part of the work: some images, channels and filters.
struct Block {
  int first_image, end_image;
  int first_channel, channels;
  int first_filter;
  float* sums;  // [9, channels, filters of a block], initially zero
  float* bias;  // [filters of a block], initially zero; null: another block sums it
};

// The rows of an image, or of several small images, that are packed and used together.
template <int Vectors>
class Strip {
 public:
  Strip(const ConvolutionShape& shape, const Block& block, const uint16_t* input, const uint16_t* gradient)
      : shape_(shape), block_(block), input_(input), gradient_(gradient), even_pairs_(EvenPairs(shape.width)) {
    input_row_ = static_cast<size_t>(2 * even_pairs_ + 1) * block.channels;
    gradient_row_ = static_cast<size_t>(even_pairs_) * kFilters;
    rows_ = shape.height;
    while (rows_ > 1 && Words() > kPackedWords) rows_ = (rows_ + 1) / 2;
    const int fitting = static_cast<int>(std::max<size_t>(1, kPackedWords / Words()));
    images_ = rows_ < shape.height ? 1 : std::min(fitting, block.end_image - block.first_image);
    static thread_local AlignedBuffer buffer;
    packed_inputs_ = buffer.Reserve<Pair>(images_ * Words());
    packed_gradients_ = packed_inputs_ + images_ * (rows_ + 2) * input_row_;
  }

  void AddAll() {
    for (int image = block_.first_image; image < block_.end_image; image += images_) {
      for (int row = 0; row < shape_.height; row += rows_) {
        Pack(image, std::min(image + images_, block_.end_image), row);
        AddPacked();
      }
    }
  }

 private:
  static constexpr int kFilters = Vectors * kVector;
  // Sixteen vectors of sums for either value of Vectors: enough to hide the latency of the instruction.
  static constexpr int kTileChannels = 16 / Vectors;

  // Words of one image.
  size_t Words() const { return (rows_ + 2) * input_row_ + rows_ * gradient_row_; }

  void Pack(int image, int end_image, int first_row) {
    inputs_.clear();
    gradients_.clear();
    Pair* packed_input = packed_inputs_;
    Pair* packed_gradient = packed_gradients_;
    const int end_row = std::min(first_row + rows_, shape_.height);
    for (; image < end_image; ++image) {
      for (int row = first_row; row < end_row; ++row) {
        // The upper row of the kernel reads the image row above.
        inputs_.push_back(packed_input + (row - first_row) * input_row_);
        gradients_.push_back(packed_gradient);
        PackGradient(image, row, packed_gradient);
        packed_gradient += gradient_row_;
      }
      for (int row = first_row - 1; row <= end_row; ++row, packed_input += input_row_) {
        PackInput(image, row, packed_input);
      }
    }
  }

  void PackInput(int image, int row, Pair* packed) const {
    if (row < 0 || row >= shape_.height) {
      std::memset(packed, 0, input_row_ * sizeof(Pair));
      return;
    }
    const size_t pixels = (static_cast<size_t>(image) * shape_.height + row) * shape_.width;
    const uint16_t* from = input_ + pixels * shape_.channels + block_.first_channel;
    PackFromEven(from, shape_.width, shape_.channels, block_.channels, packed);
    PackFromOdd(from, shape_.width, shape_.channels, block_.channels,
                packed + static_cast<size_t>(even_pairs_) * block_.channels);
  }

  void PackGradient(int image, int row, Pair* packed) const {
    const size_t pixels = (static_cast<size_t>(image) * shape_.height + row) * shape_.width;
    const uint16_t* from = gradient_ + pixels * shape_.filters + block_.first_filter;
    PackFromEven(from, shape_.width, shape_.filters, kFilters, packed);
    if (block_.bias != nullptr) AddToBias(packed, even_pairs_, kFilters, block_.bias);
  }

  void AddPacked() {
    // A wide row is several spans, and several narrow rows are one span.
    const int rows_per_span = std::max(1, kSpanPairs / even_pairs_);
    const int rows = static_cast<int>(inputs_.size());
    for (int first_pair = 0; first_pair < even_pairs_; first_pair += kSpanPairs) {
      const int pairs = std::min(kSpanPairs, even_pairs_ - first_pair);
      for (int row = 0; row < rows; row += rows_per_span) {
        AddSpan(row, std::min(rows_per_span, rows - row), first_pair, pairs);
      }
      for (const Pair*& gradient : gradients_) gradient += static_cast<size_t>(pairs) * kFilters;
    }
  }

  void AddSpan(int first_row, int count, int first_pair, int pairs) const {
    const int channels = block_.channels;
    // The first pairs that the left, middle and right columns of the kernel read.
    const int begins[3] = {even_pairs_, 0, even_pairs_ + 1};
    for (int place = 0; place < kPlaces; ++place) {
      const size_t offset =
          place / 3 * input_row_ + static_cast<size_t>(begins[place % 3] + first_pair) * channels;
      float* sums = block_.sums + static_cast<size_t>(place) * channels * kFilters;
      for (int c = 0; c < channels; c += kTileChannels) {
        AddToTile<kTileChannels, Vectors>(&inputs_[first_row], &gradients_[first_row], count, pairs, offset + c,
                                          channels, sums + static_cast<size_t>(c) * kFilters);
      }
    }
  }

  const ConvolutionShape& shape_;
  const Block& block_;
  const uint16_t* const input_;
  const uint16_t* const gradient_;
  const int even_pairs_;
  size_t input_row_, gradient_row_;  // words
  int rows_, images_;
  Pair* packed_inputs_;
  Pair* packed_gradients_;
  std::vector<const Pair*> inputs_, gradients_;  // one per row
};

int LargestBlock(int count) { return count % 64 == 0 ? 64 : count % 32 == 0 ? 32 : kVector; }

}  // namespace

void Conv2DBackpropFilter(const ConvolutionShape& shape, const uint16_t* input, const uint16_t* gradient,
                          float* kernel_gradient, float* bias_gradient) {
  const int channels = LargestBlock(shape.channels), filters = LargestBlock(shape.filters);
  const int channel_blocks = shape.channels / channels, filter_blocks = shape.filters / filters;
  const int kernel_blocks = channel_blocks * filter_blocks;
  const int64_t pixels = static_cast<int64_t>(shape.images) * shape.height * shape.width;
  // Small layers are also divided by images. The sums of these groups are added at the end.
  const int groups = static_cast<int>(std::max<int64_t>(
      1, std::min<int64_t>({shape.images, (kMinBlocks + kernel_blocks - 1) / kernel_blocks,
                            pixels / kMinPixelsPerBlock})));

  const size_t block_sums = static_cast<size_t>(kPlaces) * channels * filters;
  static thread_local AlignedBuffer buffer;
  float* const sums = buffer.Reserve<float>(groups * (kernel_blocks * block_sums + shape.filters));
  float* const biases = sums + groups * kernel_blocks * block_sums;

  ParallelFor(groups * kernel_blocks, [&](int index) {
    const int group = index % groups, kernel_block = index / groups;
    const int channel_block = kernel_block % channel_blocks, filter_block = kernel_block / channel_blocks;
    Block block;
    block.first_image = static_cast<int>(static_cast<int64_t>(shape.images) * group / groups);
    block.end_image = static_cast<int>(static_cast<int64_t>(shape.images) * (group + 1) / groups);
    block.first_channel = channel_block * channels;
    block.channels = channels;
    block.first_filter = filter_block * filters;
    block.sums = sums + index * block_sums;
    block.bias = channel_block == 0 ? biases + group * shape.filters + block.first_filter : nullptr;
    std::memset(block.sums, 0, block_sums * sizeof(float));
    if (block.bias != nullptr) std::memset(block.bias, 0, filters * sizeof(float));
    if (filters == 64) {
      Strip<4>(shape, block, input, gradient).AddAll();
    } else if (filters == 32) {
      Strip<2>(shape, block, input, gradient).AddAll();
    } else {
      Strip<1>(shape, block, input, gradient).AddAll();
    }
  });

  ParallelFor(kernel_blocks, [&](int kernel_block) {
    const int channel_block = kernel_block % channel_blocks, filter_block = kernel_block / channel_blocks;
    const float* const first = sums + kernel_block * groups * block_sums;
    for (int place = 0; place < kPlaces; ++place) {
      for (int c = 0; c < channels; ++c) {
        const size_t in_block = (static_cast<size_t>(place) * channels + c) * filters;
        float* to = kernel_gradient +
                    (static_cast<size_t>(place) * shape.channels + channel_block * channels + c) * shape.filters +
                    filter_block * filters;
        for (int f = 0; f < filters; f += kVector) {
          __m512 total = _mm512_load_ps(first + in_block + f);
          for (int group = 1; group < groups; ++group) {
            total = _mm512_add_ps(total, _mm512_load_ps(first + group * block_sums + in_block + f));
          }
          _mm512_storeu_ps(to + f, total);
        }
      }
    }
  });
  for (int f = 0; f < shape.filters; ++f) {
    bias_gradient[f] = 0;
    for (int group = 0; group < groups; ++group) bias_gradient[f] += biases[group * shape.filters + f];
  }
}

}  // namespace espalier

#pragma GCC pop_options
