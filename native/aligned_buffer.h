#ifndef ESPALIER_ALIGNED_BUFFER_H_
#define ESPALIER_ALIGNED_BUFFER_H_

#include <cstddef>
#include <cstdlib>
#include <new>

namespace espalier {

// Memory that is aligned to cache lines, grows to the requested size and is kept. Each thread has one, so that a step
// of training does not allocate.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;
  ~AlignedBuffer() { std::free(data_); }

  // The previous content is lost. Throws std::bad_alloc.
  template <typename T>
  T* Reserve(size_t count) {
    const size_t bytes = (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    if (bytes > bytes_) {
      std::free(data_);
      bytes_ = 0;
      data_ = std::aligned_alloc(kAlignment, bytes);
      if (data_ == nullptr) throw std::bad_alloc();
      bytes_ = bytes;
    }
    return static_cast<T*>(data_);
  }

 private:
  static constexpr size_t kAlignment = 64;
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace espalier

#endif  // ESPALIER_ALIGNED_BUFFER_H_
