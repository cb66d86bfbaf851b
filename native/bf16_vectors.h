#ifndef ESPALIER_BF16_VECTORS_H_
#define ESPALIER_BF16_VECTORS_H_

// Converts and multiplies sixteen bf16 numbers at a time. A file that includes this needs AVX-512 with bf16, and sets
// the same target after its includes:

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512bf16")

namespace espalier {

constexpr int kVector = 16;  // floats, or pairs of bf16 numbers, in a register

using Pair = uint32_t;  // two bf16 numbers; the first one is the lower half

// Loads sixteen bf16 numbers, each into the lower half of a word.
inline __m512i LoadLow(const uint16_t* from) {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}

inline __m512 LoadBf16(const uint16_t* from) { return _mm512_castsi512_ps(_mm512_slli_epi32(LoadLow(from), 16)); }

inline __m256i Narrow(__m512 value) { return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(value)); }

inline void StoreBf16(uint16_t* to, __m512 value) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), Narrow(value));
}

// Pairs numbers that are in the lower halves of words.
inline __m512i PairUp(__m512i first, __m512i second) {
  return _mm512_or_si512(first, _mm512_slli_epi32(second, 16));
}

// Pairs floats, rounded to bf16.
inline __m512i PairUp(__m512 first, __m512 second) {
  return PairUp(_mm512_cvtepu16_epi32(Narrow(first)), _mm512_cvtepu16_epi32(Narrow(second)));
}

// Adds to each of sixteen sums the products of the pair `same` with the pair of that sum in `own`.
inline __m512 AddProducts(__m512 sums, Pair same, __m512i own) {
  return _mm512_dpbf16_ps(sums, reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(same))),
                          reinterpret_cast<__m512bh>(own));
}

// Loads two neighbors in memory.
inline Pair LoadPair(const uint16_t* from) {
  Pair pair;
  std::memcpy(&pair, from, sizeof(pair));
  return pair;
}

}  // namespace espalier

#pragma GCC pop_options

#endif  // ESPALIER_BF16_VECTORS_H_
