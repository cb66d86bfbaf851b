#include "worker_pool.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

namespace espalier {
namespace {

struct Job {
  const std::function<void(int)>* task;
  int count;
  std::atomic<int> next{0};
  std::atomic<int> finished{0};
  std::exception_ptr failure;  // the first failure; guarded by the mutex of the pool

  void RunTask(int index, std::mutex& mutex) {
    try {
      (*task)(index);
    } catch (...) {
      std::lock_guard<std::mutex> lock(mutex);
      if (failure == nullptr) failure = std::current_exception();
    }
  }
};

class WorkerPool {
 public:
  // The caller of Run works too, so one thread fewer is started.
  explicit WorkerPool(int threads) {
    for (int i = 1; i < threads; ++i) std::thread([this] { Work(); }).detach();
  }

  void Run(int count, const std::function<void(int)>& task) {
    const auto job = std::make_shared<Job>();
    job->task = &task;
    job->count = count;
    std::list<std::shared_ptr<Job>>::iterator place;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      place = jobs_.insert(jobs_.end(), job);
      jobs_added_.fetch_add(1);
    }
    job_came_.notify_all();
    TakePart(*job);
    const auto ended = [&] { return job->finished.load() == count; };
    Linger(ended);
    std::unique_lock<std::mutex> lock(mutex_);
    job_ended_.wait(lock, ended);
    jobs_.erase(place);
    if (job->failure != nullptr) std::rethrow_exception(job->failure);
  }

 private:
  void TakePart(Job& job) {
    int done = 0;
    for (int index; (index = job.next.fetch_add(1)) < job.count; ++done) job.RunTask(index, mutex_);
    if (done == 0 || job.finished.fetch_add(done) + done < job.count) return;
    // After this lock a waiting thread has either seen the end of the last task or is asleep already.
    { std::lock_guard<std::mutex> lock(mutex_); }
    job_ended_.notify_all();
  }

  std::shared_ptr<Job> OpenJob() const {
    for (const auto& job : jobs_) {
      if (job->next.load() < job->count) return job;
    }
    return nullptr;
  }

  void Work() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      std::shared_ptr<Job> job;
      job_came_.wait(lock, [&] { return (job = OpenJob()) != nullptr; });
      const int seen = jobs_added_.load();
      lock.unlock();
      TakePart(*job);
      job.reset();
      Linger([&] { return jobs_added_.load() != seen; });
      lock.lock();
    }
  }

  // Waits for a moment without sleeping, since waking up takes longer than most gaps between two ops, but yields the
  // processor to other threads.
  template <typename Condition>
  static void Linger(const Condition& holds) {
    const auto end = std::chrono::steady_clock::now() + kLinger;
    while (!holds() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  }

  static constexpr std::chrono::microseconds kLinger{100};
  std::atomic<int> jobs_added_{0};
  std::mutex mutex_;
  std::condition_variable job_came_;
  std::condition_variable job_ended_;
  std::list<std::shared_ptr<Job>> jobs_;  // several threads of TensorFlow may call at the same time
};

int CountThreads() {
  const char* text = std::getenv("TF_NUM_INTRAOP_THREADS");
  const int wanted = text == nullptr ? 0 : std::atoi(text);
  if (wanted > 0) return wanted;
  const int processors = static_cast<int>(std::thread::hardware_concurrency());
  return processors > 0 ? processors : 1;
}

}  // namespace

int WorkerCount() {
  static const int count = CountThreads();
  return count;
}

void ParallelFor(int count, const std::function<void(int)>& task) {
  // It is never destroyed: its threads live as long as the process.
  static WorkerPool* const pool = new WorkerPool(WorkerCount());
  pool->Run(count, task);
}

}  // namespace espalier
