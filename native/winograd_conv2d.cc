// Winograd's F(2x2, 3x3) (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015): a tile of 2 x 2
// results is computed from 4 x 4 inputs d and a kernel g of 3 x 3:
//
//   A' [ (G g G') * (B' d B) ] A          * is elementwise, ' is transposed
//
//        1  0 -1  0            1    0    0
//   B' = 0  1  1  0       G = 1/2  1/2  1/2      A' = 1  1  1  0
//        0 -1  1  0           1/2 -1/2  1/2           0  1 -1 -1
//        0  1  0 -1            0    0    1
//
// Summed over channels, each of the 16 elements is a matrix product: (tiles x channels) * (channels x filters). These
// products take nearly all of the time. The instruction VDPBF16PS multiplies pairs of bf16 numbers and adds both
// products to a float, so channels are stored in pairs.
//
// One block of tiles at a time is transformed, multiplied and transformed back, so that the intermediate values stay
// in the caches.

#include "winograd_conv2d.h"

#include <algorithm>
#include <cstring>

#include "aligned_buffer.h"
#include "bf16_vectors.h"
#include "worker_pool.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512bf16")

namespace espalier {
namespace {

constexpr int kElements = 16;  // elements of a transformed tile, 4 x 4
constexpr int kTileSide = 2;   // results along a side of a tile
// Tiles that are multiplied together. With two vectors of filters, 28 sums are in registers.
constexpr int kRows = 14;
constexpr int kPanel = 2 * kVector;  // filters that are multiplied together
// Maximum size of the transformed tiles and sums of a block, so that they stay in the second-level cache. A block
// that would have fewer row groups than the minimum is larger, since every row group reads the whole kernel.
constexpr size_t kBlockBytes = 800 * 1024;
constexpr int kMinRowGroups = 7;

// Computes G g G' of sixteen kernels.
inline void TransformKernel(const __m512 (&g)[9], __m512 (&u)[kElements]) {
  const __m512 half = _mm512_set1_ps(0.5f);
  __m512 rows[4][3];
  for (int j = 0; j < 3; ++j) {
    const __m512 ends = _mm512_mul_ps(half, _mm512_add_ps(g[j], g[6 + j]));
    const __m512 middle = _mm512_mul_ps(half, g[3 + j]);
    rows[0][j] = g[j];
    rows[1][j] = _mm512_add_ps(ends, middle);
    rows[2][j] = _mm512_sub_ps(ends, middle);
    rows[3][j] = g[6 + j];
  }
  for (int i = 0; i < 4; ++i) {
    const __m512 ends = _mm512_mul_ps(half, _mm512_add_ps(rows[i][0], rows[i][2]));
    const __m512 middle = _mm512_mul_ps(half, rows[i][1]);
    u[4 * i] = rows[i][0];
    u[4 * i + 1] = _mm512_add_ps(ends, middle);
    u[4 * i + 2] = _mm512_sub_ps(ends, middle);
    u[4 * i + 3] = rows[i][2];
  }
}

// Computes B' d B in place.
inline void TransformInput(__m512 (&d)[4][4]) {
  for (int j = 0; j < 4; ++j) {
    const __m512 d1 = d[1][j], d2 = d[2][j];
    d[0][j] = _mm512_sub_ps(d[0][j], d2);
    d[1][j] = _mm512_add_ps(d1, d2);
    d[2][j] = _mm512_sub_ps(d2, d1);
    d[3][j] = _mm512_sub_ps(d1, d[3][j]);
  }
  for (int i = 0; i < 4; ++i) {
    const __m512 d1 = d[i][1], d2 = d[i][2];
    d[i][0] = _mm512_sub_ps(d[i][0], d2);
    d[i][1] = _mm512_add_ps(d1, d2);
    d[i][2] = _mm512_sub_ps(d2, d1);
    d[i][3] = _mm512_sub_ps(d1, d[i][3]);
  }
}

// Computes A' m A. The elements of m are `stride` floats apart.
inline void TransformSums(const float* m, size_t stride, __m512 (&y)[kTileSide][kTileSide]) {
  __m512 rows[kTileSide][4];
  for (int j = 0; j < 4; ++j) {
    const __m512 m0 = _mm512_load_ps(m + j * stride), m1 = _mm512_load_ps(m + (4 + j) * stride);
    const __m512 m2 = _mm512_load_ps(m + (8 + j) * stride), m3 = _mm512_load_ps(m + (12 + j) * stride);
    rows[0][j] = _mm512_add_ps(_mm512_add_ps(m0, m1), m2);
    rows[1][j] = _mm512_sub_ps(_mm512_sub_ps(m1, m2), m3);
  }
  for (int i = 0; i < kTileSide; ++i) {
    y[i][0] = _mm512_add_ps(_mm512_add_ps(rows[i][0], rows[i][1]), rows[i][2]);
    y[i][1] = _mm512_sub_ps(_mm512_sub_ps(rows[i][1], rows[i][2]), rows[i][3]);
  }
}

// Transformed kernels in the order of multiplication: for each element the panels of filters, and in each panel the
// pairs of channels. The panel that begins with filter f is at (element * filters + f) * channels / 2.
struct PackedKernel {
  Pair* words;
  int channels, filters;

  Pair* Panel(int element, int first_filter) const {
    return words + (static_cast<size_t>(element) * filters + first_filter) * (channels / 2);
  }

  int PanelFilters(int first_filter) const { return std::min(kPanel, filters - first_filter); }
};

// Packs sixteen filters of two channels. The filters are adjacent in the kernel.
void PackForward(const float* kernel, const PackedKernel& packed, int filter, int channel) {
  const int panel = filter / kPanel * kPanel;
  const size_t place_stride = static_cast<size_t>(packed.channels) * packed.filters;
  __m512 u[2][kElements];
  for (int c = 0; c < 2; ++c) {
    __m512 g[9];
    const float* from = kernel + static_cast<size_t>(channel + c) * packed.filters + filter;
    for (int place = 0; place < 9; ++place) g[place] = _mm512_loadu_ps(from + place * place_stride);
    TransformKernel(g, u[c]);
  }
  const size_t offset = static_cast<size_t>(channel / 2) * packed.PanelFilters(panel) + filter - panel;
  for (int element = 0; element < kElements; ++element) {
    _mm512_store_si512(packed.Panel(element, panel) + offset, PairUp(u[0][element], u[1][element]));
  }
}

// Packs sixteen filters of sixteen channels of a kernel [3, 3, filters, channels] for the convolution of the
// gradient, which maps filters to channels and uses the positions of the kernel in reverse.
void PackBackward(const float* kernel, const PackedKernel& packed, int filter, int channel) {
  const int panel = filter / kPanel * kPanel;
  const size_t place_stride = static_cast<size_t>(packed.channels) * packed.filters;
  alignas(32) uint16_t transformed[kElements][kVector][kVector];  // [element, filter, channel]
  for (int f = 0; f < kVector; ++f) {
    __m512 g[9], u[kElements];
    const float* from = kernel + static_cast<size_t>(filter + f) * packed.channels + channel;
    for (int place = 0; place < 9; ++place) g[8 - place] = _mm512_loadu_ps(from + place * place_stride);
    TransformKernel(g, u);
    for (int element = 0; element < kElements; ++element) {
      StoreBf16(transformed[element][f], u[element]);
    }
  }
  const int panel_filters = packed.PanelFilters(panel);
  const __m512i rows = _mm512_mullo_epi32(
      _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0), _mm512_set1_epi32(kVector / 2));
  for (int element = 0; element < kElements; ++element) {
    Pair* to = packed.Panel(element, panel) + static_cast<size_t>(channel / 2) * panel_filters + filter - panel;
    const Pair* pairs = reinterpret_cast<const Pair*>(transformed[element]);
    for (int pair = 0; pair < kVector / 2; ++pair, to += panel_filters) {
      _mm512_store_si512(to, _mm512_i32gather_epi32(rows, pairs + pair, sizeof(Pair)));
    }
  }
}

// Multiplies kRows tiles with the filters of a panel. Tiles are `channels` numbers apart, and sums are `sum_stride`
// numbers apart. The function is not inlined, so that registers hold the sums and not the pointers of the caller.
template <int Vectors>
__attribute__((noinline)) void Multiply(const uint16_t* tiles, int channels, const Pair* panel, float* sums,
                                        size_t sum_stride) {
  __m512 sum[kRows][Vectors];
#pragma GCC unroll 16
  for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) sum[row][v] = _mm512_setzero_ps();
  }
  for (int pair = 0; pair < channels / 2; ++pair, panel += Vectors * kVector) {
    __m512i factor[Vectors];
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) factor[v] = _mm512_load_si512(panel + v * kVector);
#pragma GCC unroll 16
    for (int row = 0; row < kRows; ++row) {
      const Pair inputs = LoadPair(tiles + static_cast<size_t>(row) * channels + 2 * pair);
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) sum[row][v] = AddProducts(sum[row][v], inputs, factor[v]);
    }
  }
#pragma GCC unroll 16
  for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) _mm512_store_ps(sums + row * sum_stride + v * kVector, sum[row][v]);
  }
}

// A convolution from bf16 [images, height, width, channels] to [images, height, width, filters].
struct Convolution {
  int images, height, width;
  const uint16_t* input;
  PackedKernel kernel;
  const float* bias;  // null: none
  bool relu;
  uint16_t* output;

  int TileRows() const { return (height + kTileSide - 1) / kTileSide; }
  int TileColumns() const { return (width + kTileSide - 1) / kTileSide; }
  int64_t Tiles() const { return static_cast<int64_t>(images) * TileRows() * TileColumns(); }
};

// The position of a tile.
struct Place {
  int image, row, column;  // the first row and column of its results

  Place(const Convolution& convolution, int64_t tile) {
    const int columns = convolution.TileColumns(), rows = convolution.TileRows();
    column = static_cast<int>(tile % columns) * kTileSide;
    row = static_cast<int>(tile / columns % rows) * kTileSide;
    image = static_cast<int>(tile / columns / rows);
  }
};

// Tiles that are processed together.
class Block {
 public:
  Block(const Convolution& convolution, int64_t first_group, int64_t end_group)
      : convolution_(convolution),
        channels_(convolution.kernel.channels),
        filters_(convolution.kernel.filters),
        first_tile_(first_group * kRows),
        end_tile_(std::min(end_group * kRows, convolution.Tiles())),
        rows_(static_cast<int>((end_group - first_group) * kRows)) {
    static thread_local AlignedBuffer tiles, sums;
    // Each element takes one more cache line: at distances of a power of two they would share a few sets of the
    // cache.
    tile_stride_ = static_cast<size_t>(rows_) * channels_ + 32;
    sum_stride_ = static_cast<size_t>(rows_) * filters_ + kVector;
    tiles_ = tiles.Reserve<uint16_t>(kElements * tile_stride_);
    sums_ = sums.Reserve<float>(kElements * sum_stride_);
  }

  void Compute() {
    for (int row = 0; row < rows_; ++row) TransformTile(row);
    for (int element = 0; element < kElements; ++element) MultiplyElement(element);
    for (int64_t tile = first_tile_; tile < end_tile_; ++tile) StoreTile(tile);
  }

 private:
  void TransformTile(int row) {
    uint16_t* to = tiles_ + static_cast<size_t>(row) * channels_;
    if (first_tile_ + row >= end_tile_) {
      for (int element = 0; element < kElements; ++element, to += tile_stride_) {
        std::memset(to, 0, channels_ * sizeof(uint16_t));
      }
      return;
    }
    const Place place(convolution_, first_tile_ + row);
    const uint16_t* pixels[4][4];  // null outside of the image
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 4; ++j) pixels[i][j] = Pixel(place.image, place.row + i - 1, place.column + j - 1);
    }
    for (int c = 0; c < channels_; c += kVector) {
      __m512 d[4][4];
      for (int i = 0; i < 4; ++i) {
        for (int j = 0; j < 4; ++j) {
          d[i][j] = pixels[i][j] == nullptr ? _mm512_setzero_ps() : LoadBf16(pixels[i][j] + c);
        }
      }
      TransformInput(d);
      for (int element = 0; element < kElements; ++element) {
        StoreBf16(to + element * tile_stride_ + c, d[element / 4][element % 4]);
      }
    }
  }

  const uint16_t* Pixel(int image, int row, int column) const {
    const int height = convolution_.height, width = convolution_.width;
    if (row < 0 || row >= height || column < 0 || column >= width) return nullptr;
    return convolution_.input + ((static_cast<size_t>(image) * height + row) * width + column) * channels_;
  }

  void MultiplyElement(int element) {
    const PackedKernel& kernel = convolution_.kernel;
    for (int filter = 0; filter < filters_; filter += kPanel) {
      const Pair* panel = kernel.Panel(element, filter);
      const bool full = kernel.PanelFilters(filter) == kPanel;
      const uint16_t* tiles = tiles_ + element * tile_stride_;
      float* sums = sums_ + element * sum_stride_ + filter;
      for (int row = 0; row < rows_; row += kRows) {
        if (full) {
          Multiply<2>(tiles, channels_, panel, sums, filters_);
        } else {
          Multiply<1>(tiles, channels_, panel, sums, filters_);
        }
        tiles += static_cast<size_t>(kRows) * channels_;
        sums += static_cast<size_t>(kRows) * filters_;
      }
    }
  }

  void StoreTile(int64_t tile) const {
    const Place place(convolution_, tile);
    const float* sums = sums_ + static_cast<size_t>(tile - first_tile_) * filters_;
    const int rows = std::min(kTileSide, convolution_.height - place.row);
    const int columns = std::min(kTileSide, convolution_.width - place.column);
    const size_t row_stride = static_cast<size_t>(convolution_.width) * filters_;
    uint16_t* pixel = convolution_.output +
                      (static_cast<size_t>(place.image) * convolution_.height + place.row) * row_stride +
                      static_cast<size_t>(place.column) * filters_;
    for (int f = 0; f < filters_; f += kVector) {
      __m512 y[kTileSide][kTileSide];
      TransformSums(sums + f, sum_stride_, y);
      const __m512 bias = convolution_.bias == nullptr ? _mm512_setzero_ps() : _mm512_loadu_ps(convolution_.bias + f);
      for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < columns; ++j) {
          __m512 result = _mm512_add_ps(y[i][j], bias);
          // With the operands in this order, NaN stays NaN.
          if (convolution_.relu) result = _mm512_max_ps(_mm512_setzero_ps(), result);
          StoreBf16(pixel + i * row_stride + j * filters_ + f, result);
        }
      }
    }
  }

  const Convolution& convolution_;
  const int channels_, filters_;
  const int64_t first_tile_, end_tile_;
  const int rows_;  // number of tiles, padded with zeros to a multiple of kRows
  size_t tile_stride_, sum_stride_;
  uint16_t* tiles_;  // [16, rows, channels]
  float* sums_;      // [16, rows, filters]
};

void Compute(const Convolution& convolution) {
  const PackedKernel& kernel = convolution.kernel;
  const int64_t groups = (convolution.Tiles() + kRows - 1) / kRows;
  const size_t group_bytes = static_cast<size_t>(kRows) * kElements *
                             (kernel.channels * sizeof(uint16_t) + kernel.filters * sizeof(float));
  const int64_t block_groups = std::max<int64_t>(kMinRowGroups, kBlockBytes / group_bytes);
  // The same number of blocks for every thread.
  const int64_t rounds = (groups + block_groups * WorkerCount() - 1) / (block_groups * WorkerCount());
  const int blocks = static_cast<int>(std::min(groups, rounds * WorkerCount()));
  ParallelFor(blocks, [&](int block) {
    Block(convolution, groups * block / blocks, groups * (block + 1) / blocks).Compute();
  });
}

PackedKernel Reserve(int channels, int filters) {
  static thread_local AlignedBuffer buffer;
  const size_t words = static_cast<size_t>(kElements) * (channels / 2) * filters;
  return PackedKernel{buffer.Reserve<Pair>(words), channels, filters};
}

}  // namespace

void WinogradConv2D(const ConvolutionShape& shape, const uint16_t* input, const float* kernel, const float* bias,
                    bool relu, uint16_t* output) {
  const PackedKernel packed = Reserve(shape.channels, shape.filters);
  ParallelFor(shape.channels / 2, [&](int pair) {
    for (int f = 0; f < shape.filters; f += kVector) PackForward(kernel, packed, f, 2 * pair);
  });
  Compute({shape.images, shape.height, shape.width, input, packed, bias, relu, output});
}

void WinogradConv2DBackpropInput(const ConvolutionShape& shape, const float* kernel, const uint16_t* gradient,
                                 uint16_t* input_gradient) {
  const PackedKernel packed = Reserve(shape.filters, shape.channels);
  ParallelFor(shape.filters / kVector, [&](int block) {
    for (int c = 0; c < shape.channels; c += kVector) PackBackward(kernel, packed, c, block * kVector);
  });
  Compute({shape.images, shape.height, shape.width, gradient, packed, nullptr, false, input_gradient});
}

}  // namespace espalier

#pragma GCC pop_options
